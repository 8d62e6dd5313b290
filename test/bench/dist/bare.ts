/**
 * The bare binding's side of one round: what a program gets out of quiche and dgram when it drives
 * them well and does nothing else. Imports nothing of ours. `bare ROW OPERATIONS DIRECTORY` starts
 * the other end as an OS process of its own; DIRECTORY has `cert.pem` and `key.pem`.
 *
 * One connection on loopback, set as ours is: windows of 1 and 4 MiB, datagrams of 16,383 bytes,
 * 4 MiB socket buffers, cubic without pacing, both certificates asked for and accepted. Datagrams
 * of one turn are given to quiche together and flushed once; writes are flushed in a microtask.
 */
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import quiche from '@matrixai/quic/native/quiche.js'

type Native = ReturnType<typeof quiche.Connection.connect>
type Hear = (id: number, bytes: Uint8Array, fin: boolean) => void

const host = '127.0.0.1'
const datagramBytes = 16_383
const streamWindowBytes = 1024 * 1024
const connectionWindowBytes = 4 * streamWindowBytes
const socketBufferBytes = 4 * 1024 * 1024
const scratchBytes = 65_536
const callBytes = 100
const messageBytes = 65_536
/** Client-opened bidirectional streams: one for echoes, one per train. */
const echoStream = 0
const firstTrain = 4

function configOf(directory: string): ReturnType<typeof quiche.Config.withBoringSslCtx> {
  const cert = readFileSync(join(directory, 'cert.pem'))
  const key = readFileSync(join(directory, 'key.pem'))
  const config = quiche.Config.withBoringSslCtx(true, true, null, [key], [cert], null)
  config.setApplicationProtos(['bare/1'])
  config.setMaxIdleTimeout(30_000)
  config.setMaxRecvUdpPayloadSize(65_507)
  config.setMaxSendUdpPayloadSize(datagramBytes)
  config.setMaxStreamWindow(streamWindowBytes)
  config.setInitialMaxStreamDataBidiLocal(streamWindowBytes)
  config.setInitialMaxStreamDataBidiRemote(streamWindowBytes)
  config.setMaxConnectionWindow(connectionWindowBytes)
  config.setInitialMaxData(connectionWindowBytes)
  config.setInitialMaxStreamsBidi(100)
  config.setActiveConnectionIdLimit(64)
  config.setCcAlgorithmName('cubic')
  config.enablePacing(false)
  return config
}

async function bind(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', lookup: (name, _, done) => done(null, name, 4) })
  // The lookup calls back at once, and so does this.
  await new Promise<void>((resolve) => socket.bind(0, host, resolve))
  socket.setRecvBufferSize(socketBufferBytes)
  socket.setSendBufferSize(socketBufferBytes)
  return socket
}

/** One end of the one connection. */
class End {
  readonly #socket: Socket
  readonly #native: Native
  readonly #local: { readonly host: string; readonly port: number }
  readonly #hear: Hear
  readonly #scratch = Buffer.allocUnsafeSlow(scratchBytes)
  readonly #drain = (): void => this.#turn()
  readonly #message = Buffer.alloc(messageBytes, 7)
  #out = Buffer.allocUnsafeSlow(scratchBytes)
  #dirty = false
  #flushing = false
  #timer: NodeJS.Timeout | undefined
  #dueMs = 0
  /** The stream last read: the binding's list of readable ones costs more than a packet. */
  #lastRead = -1
  #train = { id: -1, left: 0, at: 0 }
  #ready: (() => void) | undefined

  constructor(socket: Socket, native: Native, hear: Hear) {
    this.#socket = socket
    this.#native = native
    this.#local = { host, port: socket.address().port }
    this.#hear = hear
  }

  receive(datagram: Buffer, from: RemoteInfo): void {
    try {
      this.#native.recv(datagram, {
        from: { host: from.address, port: from.port },
        to: this.#local,
      })
    } catch {
      // quiche has turned it into a close, which the round then waits for in vain.
    }
    if (this.#dirty) return
    this.#dirty = true
    setImmediate(this.#drain)
  }

  established(): Promise<void> {
    return new Promise((resolve) => {
      this.#ready = resolve
      this.#flush()
    })
  }

  write(id: number, bytes: Uint8Array, fin: boolean): void {
    const taken = this.#native.streamSend(id, bytes, fin)
    if (taken !== bytes.length) throw new Error(`${taken} of ${bytes.length} bytes were taken`)
    this.#soon()
  }

  /** Writes `count` messages of 64 KiB on stream `id`, as fast as they are taken, then its end. */
  train(id: number, count: number): void {
    this.#train = { id, left: count, at: 0 }
    this.#pump()
    this.#soon()
  }

  #turn(): void {
    this.#dirty = false
    if (this.#ready !== undefined && this.#native.isEstablished()) {
      this.#ready()
      this.#ready = undefined
    }
    this.#read()
    this.#pump()
    this.#flush()
  }

  #read(): void {
    if (!this.#native.isReadable()) return
    if (this.#lastRead >= 0) this.#readStream(this.#lastRead)
    if (!this.#native.isReadable()) return
    for (const id of this.#native.readable()) this.#readStream(id)
  }

  #readStream(id: number): void {
    this.#lastRead = id
    for (;;) {
      const got = this.#native.streamRecv(id, this.#scratch)
      if (got === null) return
      this.#hear(id, this.#scratch.subarray(0, got[0]), got[1])
      if (!got[1]) continue
      this.#lastRead = -1
      return
    }
  }

  #pump(): void {
    const train = this.#train
    while (train.left > 0) {
      const piece = this.#message.subarray(train.at)
      const taken = this.#native.streamSend(train.id, piece, train.left === 1)
      if (taken === null || taken === 0) return
      train.at = (train.at + taken) % messageBytes
      if (train.at === 0) train.left -= 1
    }
  }

  #soon(): void {
    if (this.#flushing) return
    this.#flushing = true
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = false
    let packet = this.#native.send(this.#out)
    for (; packet !== null; packet = this.#native.send(this.#out)) {
      const { to } = packet[1]
      this.#socket.send(this.#out, 0, packet[0], to.port, to.host)
      if (this.#socket.getSendQueueCount() > 0) this.#out = Buffer.allocUnsafeSlow(scratchBytes)
    }
    this.#arm()
  }

  /** An earlier timer is kept, and looks again when it fires. */
  #arm(): void {
    const waitMs = this.#native.timeout()
    if (waitMs === null) return
    const dueMs = performance.now() + waitMs + 1
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return
    clearTimeout(this.#timer)
    this.#dueMs = dueMs
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#native.timeout() === 0) this.#native.onTimeout()
      this.#turn()
    }, waitMs + 1)
  }
}

/** Echoes what comes on the echo stream; answers a train with the bytes that came. */
async function serve(directory: string): Promise<void> {
  const config = configOf(directory)
  const socket = await bind()
  const local = { host, port: socket.address().port }
  const counted = new Map<number, number>()
  let end: End | undefined
  const hear: Hear = (id, bytes, fin) => {
    if (id === echoStream) return end?.write(id, bytes, fin)
    const total = (counted.get(id) ?? 0) + bytes.length
    counted.set(id, total)
    if (!fin) return
    const answer = Buffer.alloc(8)
    answer.writeDoubleBE(total)
    end?.write(id, answer, true)
  }
  socket.on('message', (datagram, from) => {
    const peer = { host: from.address, port: from.port }
    end ??= new End(
      socket,
      quiche.Connection.accept(randomBytes(8), null, local, peer, config),
      hear,
    )
    end.receive(datagram, from)
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.(local.port)
}

type Measured = {
  readonly value: number
  readonly arrived: number
  readonly detail?: Readonly<Record<string, number>>
}

async function drive(row: string, operations: number, directory: string): Promise<Measured> {
  const other = fork(fileURLToPath(import.meta.url), ['serve', directory])
  const [port] = await once(other, 'message')
  const socket = await bind()
  const local = { host, port: socket.address().port }
  const config = configOf(directory)
  let heard: Hear = () => undefined
  const native = quiche.Connection.connect(null, randomBytes(8), local, { host, port }, config)
  const end = new End(socket, native, (...what) => heard(...what))
  socket.on('message', (datagram, from) => end.receive(datagram, from))
  await end.established()
  const hearing = (hear: Hear): void => {
    heard = hear
  }
  const measure = row.startsWith('dist-call') ? echoes : train
  await measure(end, hearing, operations, firstTrain)
  const measured = await measure(end, hearing, operations, firstTrain + 4)
  const ended = once(other, 'exit')
  other.disconnect()
  await ended
  return measured
}

/** Microseconds of a round trip of 100 bytes: the middle one of `operations`. */
async function echoes(
  end: End,
  hearing: (hear: Hear) => void,
  operations: number,
): Promise<Measured> {
  const tripsUs = new Float64Array(operations)
  const payload = Buffer.alloc(callBytes)
  let arrived = 0
  for (let trip = 0; trip < operations; trip++) {
    payload.writeUInt32BE(trip)
    const startMs = performance.now()
    const back = await new Promise<Buffer>((resolve) => {
      let parts = Buffer.alloc(0)
      hearing((_, bytes) => {
        parts = Buffer.concat([parts, bytes])
        if (parts.length >= callBytes) resolve(parts)
      })
      end.write(echoStream, payload, false)
    })
    tripsUs[trip] = (performance.now() - startMs) * 1000
    if (back.equals(payload)) arrived += 1
  }
  tripsUs.sort()
  const at = (share: number): number => tripsUs[Math.ceil(share * operations) - 1] ?? 0
  return { value: at(0.5), arrived, detail: { p99: at(0.99) } }
}

/** Megabytes per second until the other end has told how many bytes came. */
async function train(
  end: End,
  hearing: (hear: Hear) => void,
  operations: number,
  id: number,
): Promise<Measured> {
  const startMs = performance.now()
  const total = await new Promise<number>((resolve) => {
    hearing((_, bytes) => {
      if (bytes.length > 0) resolve(Buffer.from(bytes).readDoubleBE())
    })
    end.train(id, operations)
  })
  const elapsedMs = performance.now() - startMs
  return { value: total / 1000 / elapsedMs, arrived: total / messageBytes }
}

const [first = '', second = '', third = ''] = process.argv.slice(2)
if (first === 'serve') await serve(second)
else {
  const measured = await drive(first, Number(second), third)
  process.stdout.write(`${JSON.stringify(measured)}\n`, () => process.exit(0))
}
