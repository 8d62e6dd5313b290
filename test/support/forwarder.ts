/**
 * A network in a process: UDP datagrams between dialers and one target, over real sockets on
 * loopback, each way with its own weather. It stands for what two machines have between them: a
 * link that loses, delays, doubles and reorders, a NAT that changes its mapping, a firewall that
 * lets one direction through, a tunnel that swallows large datagrams.
 *
 * Every dialer address gets an upstream socket of its own, as behind a NAT, so several nodes may
 * dial through one forwarder. What is lost is drawn from `seed`; which datagram comes when is up
 * to the real network stack, so a seed makes runs alike, not equal.
 *
 *     const wire = await openForwarder(target, { seed: 7 })
 *     wire.up.loss = wire.down.loss = 0.01     // 1 % each way
 *     wire.up.delayMs = wire.down.delayMs = 5  // 10 ms round trip
 *     wire.down.cut = true                     // nothing reaches the dialer
 *     await wire.rebind()                      // the target sees new ports from now on
 *     wire.up.datagramMaxBytes = 1300          // a black hole for larger ones
 *
 * In tests use `forwarder` of udp.ts, which closes it when the test is over.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { seededRandom } from '../../runtime/platform/sim.ts'
import type { Address } from '../../src/carrier/carrier.ts'

/** One direction. All but `counts` may be changed at any time. */
export type Way = {
  /** Shares of datagrams, 0 to 1: lost, and passed twice. Default 0. */
  loss: number
  duplication: number
  /** How long a datagram is on its way, and at most how much longer, drawn. Default 0. */
  delayMs: number
  /** More than 0 reorders. */
  jitterMs: number
  /** Larger datagrams vanish. Default: none do. */
  datagramMaxBytes: number
  /** Nothing passes. */
  cut: boolean
  readonly counts: { passed: number; lost: number; tooLarge: number; cut: number; bytes: number }
}

export type Seen = { readonly up: boolean; readonly datagram: Buffer }

export type ForwarderOptions = {
  /** Default 1. */
  readonly seed?: number
  /** Keep a copy of every datagram that came in, whatever became of it. Default false. */
  readonly records?: boolean
  /** Where dialers find it. Default 127.0.0.1 (::1 for an IPv6 target) and a free port. */
  readonly host?: string
  readonly port?: number
  /** The address dialers seem to have. Default: the system chooses. */
  readonly upstreamHost?: string
}

export type Forwarder = {
  readonly address: Address
  /** From dialers to the target, and back. */
  readonly up: Way
  readonly down: Way
  /** Both ways at once. */
  cut: boolean
  /** With `records`: everything that came in, in order. */
  readonly seen: Seen[]
  /** Changes the upstream port of every dialer; what is on its way to the old ones is lost. */
  rebind(): Promise<void>
  /** Ports the target sees now, one per dialer. */
  upstreamPorts(): number[]
  /** Sends `datagram` to the target as if the last dialer had. */
  inject(datagram: Uint8Array): void
  close(): Promise<void>
}

/** A dialer and the socket that speaks for it. */
type Flow = { readonly dialer: RemoteInfo; upstream: Socket }

const bufferBytes = 4 * 1024 * 1024

/** Opens a forwarder to `target`. Rejects when the address it is to have cannot be bound. */
export async function openForwarder(
  target: Address,
  options: ForwarderOptions = {},
): Promise<Forwarder> {
  const isV6 = isIPv6(target.host)
  const host = options.host ?? (isV6 ? '::1' : '127.0.0.1')
  const random = seededRandom(options.seed ?? 1)
  const seen: Seen[] = []
  const flows = new Map<string, Flow>()
  const lanes = { up: new Lane(random.unit), down: new Lane(random.unit) }
  const record = (up: boolean, datagram: Buffer): void => {
    if (options.records) seen.push({ up, datagram: Buffer.from(datagram) })
  }
  const speakFor = async (flow: Flow, upstream: Socket): Promise<void> => {
    await bound(upstream, options.upstreamHost ?? (isV6 ? '::' : '0.0.0.0'), 0)
    upstream.on('message', (datagram) => {
      record(false, datagram)
      const { port, address } = flow.dialer
      lanes.down.pass(datagram, () => front.send(datagram, port, address))
    })
  }
  const flowOf = (dialer: RemoteInfo): Flow => {
    const key = `${dialer.address} ${dialer.port}`
    const known = flows.get(key)
    if (known !== undefined) {
      // The last dialer is the last of the map.
      flows.delete(key)
      flows.set(key, known)
      return known
    }
    const flow = { dialer, upstream: newSocket(isV6) }
    flows.set(key, flow)
    void speakFor(flow, flow.upstream)
    return flow
  }
  const front = newSocket(isIPv6(host))
  await bound(front, host, options.port ?? 0)
  front.on('message', (datagram, from) => {
    record(true, datagram)
    const flow = flowOf(from)
    lanes.up.pass(datagram, () => flow.upstream.send(datagram, target.port, target.host))
  })
  return {
    address: { host, port: front.address().port },
    up: lanes.up.way,
    down: lanes.down.way,
    get cut() {
      return lanes.up.way.cut && lanes.down.way.cut
    },
    set cut(cut) {
      lanes.up.way.cut = cut
      lanes.down.way.cut = cut
    },
    seen,
    async rebind() {
      for (const flow of flows.values()) {
        const old = flow.upstream
        const next = newSocket(isV6)
        await speakFor(flow, next)
        flow.upstream = next
        old.close()
      }
    },
    upstreamPorts: () => [...flows.values()].map(({ upstream }) => upstream.address().port),
    inject(datagram) {
      const last = [...flows.values()].at(-1)
      if (last === undefined) throw new Error('inject: nobody has dialled yet')
      last.upstream.send(datagram, target.port, target.host)
    },
    async close() {
      lanes.up.stop()
      lanes.down.stop()
      const sockets = [front, ...[...flows.values()].map(({ upstream }) => upstream)]
      await Promise.all(sockets.map((socket) => new Promise<void>((done) => socket.close(done))))
    },
  }
}

/** Applies the weather of one direction. Datagrams of a constant delay stay in order. */
class Lane {
  readonly way: Way = {
    loss: 0,
    duplication: 0,
    delayMs: 0,
    jitterMs: 0,
    datagramMaxBytes: Number.POSITIVE_INFINITY,
    cut: false,
    counts: { passed: 0, lost: 0, tooLarge: 0, cut: 0, bytes: 0 },
  }
  readonly #draw: () => number
  /** In order of their due time, unless jitter or a changed delay put them otherwise. */
  #waiting: { readonly dueMs: number; readonly send: () => void }[] = []
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(draw: () => number) {
    this.#draw = draw
  }

  pass(datagram: Buffer, send: () => void): void {
    const { counts } = this.way
    const fate = this.#fate(datagram.length)
    counts[fate] += 1
    if (fate !== 'passed') return
    counts.bytes += datagram.length
    this.#send(send)
    if (this.way.duplication > 0 && this.#draw() < this.way.duplication) this.#send(send)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#waiting = []
  }

  #fate(size: number): 'passed' | 'lost' | 'tooLarge' | 'cut' {
    const { cut, datagramMaxBytes, loss } = this.way
    if (cut || this.#stopped) return 'cut'
    if (size > datagramMaxBytes) return 'tooLarge'
    return loss > 0 && this.#draw() < loss ? 'lost' : 'passed'
  }

  #send(send: () => void): void {
    const { delayMs, jitterMs } = this.way
    if (delayMs === 0 && jitterMs === 0 && this.#waiting.length === 0) {
      send()
      return
    }
    const extraMs = jitterMs > 0 ? this.#draw() * jitterMs : 0
    const dueMs = performance.now() + delayMs + extraMs
    const isLast = (this.#waiting.at(-1)?.dueMs ?? 0) <= dueMs
    this.#waiting.push({ dueMs, send })
    if (!isLast) {
      this.#waiting.sort((a, b) => a.dueMs - b.dueMs)
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
    this.#arm()
  }

  #arm(): void {
    const first = this.#waiting[0]
    if (this.#timer !== undefined || first === undefined) return
    const waitMs = Math.max(first.dueMs - performance.now(), 0)
    this.#timer = setTimeout(() => this.#release(), waitMs)
  }

  #release(): void {
    this.#timer = undefined
    const nowMs = performance.now()
    const later = this.#waiting.findIndex(({ dueMs }) => dueMs > nowMs)
    const due = this.#waiting.splice(0, later === -1 ? this.#waiting.length : later)
    for (const { send } of due) send()
    this.#arm()
  }
}

function newSocket(isV6: boolean): Socket {
  const family = isV6 ? 6 : 4
  return createSocket({
    type: isV6 ? 'udp6' : 'udp4',
    // Node's own lookup calls back in a later turn even for literals.
    lookup: (hostname, _options, callback) => callback(null, hostname, family),
  })
}

/** Binds, with buffers large enough that the forwarder itself loses nothing. */
async function bound(socket: Socket, address: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address, port }, () => {
      socket.off('error', reject)
      resolve()
    })
  })
  socket.on('error', () => undefined)
  socket.setRecvBufferSize(bufferBytes)
  socket.setSendBufferSize(bufferBytes)
}
