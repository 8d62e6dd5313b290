/**
 * What membership and broadcast cost with skein's defaults: messages and bytes per node and minute
 * at rest, and per broadcast, by number of nodes. Bytes are those of the frames that a data stream
 * would carry, made by the channel's own encoder; QUIC's and UDP's are not among them, nor are the
 * ticks of the channels (one empty frame per channel and tick, whatever the size of the cluster).
 *
 * Every message is counted. Bytes at rest are those of a sample of the senders, and frames per
 * minute are of a cluster that has come to rest: nobody joined or left for `restMs`.
 */
import { defaultBroadcastOptions } from '../../../src/broadcast/index.ts'
import { encodeSignal } from '../../../src/dist/signal-codec.ts'
import { createCodec, frameOverheadBytes } from '../../../src/wire/index.ts'
import { draw } from '../light/node-random.ts'
import { defaultProfile } from './hyparview.ts'
import { Overlay } from './overlay.ts'
import { BroadcastLayer } from './plumtree-layer.ts'

export type CostPlan = {
  readonly nodes: number
  readonly seed: number
  /** Wait after the last join, then what is measured at rest. */
  readonly restMs: number
  readonly measureMs: number
  /** Broadcasts that shape the tree, then those that are measured. */
  readonly warmUps: number
  readonly broadcasts: number
}

/** Per node and minute at rest; per node and broadcast. */
export type Cost = {
  readonly restMessages: number
  readonly restBytes: number
  /** Of these, those of the membership; the rest compares what broadcasts were seen. */
  readonly restMembershipBytes: number
  readonly broadcastMessages: number
  readonly broadcastBytes: number
  /** Copies of the payload per node and broadcast; 1 - 1/n is the least. */
  readonly payloads: number
  /** Percent of the nodes that a broadcast reached. */
  readonly reached: number
  readonly happened: number
}

const sampledSenders = 500
const latencyMs = 1
const broadcastEveryMs = 3_000

/** Processes that the messages are addressed to, as names in frames. */
const addressees = { membership: 'skein.membership', broadcast: 'skein.broadcast' } as const

class Meter {
  messages = 0
  bytes = 0
  #sampled = 0
  readonly #codec = createCodec()
  readonly #to: string
  readonly #takes: (sender: number) => boolean

  constructor(to: string, takes: (sender: number) => boolean) {
    this.#to = to
    this.#takes = takes
  }

  count(sender: number, message: unknown): void {
    this.messages++
    if (!this.#takes(sender)) return
    this.#sampled++
    const encoded = encodeSignal(this.#codec, { tag: 'send', to: this.#to, message }, false)
    if (encoded.tag === 'error') throw new Error(`${encoded.path}: ${encoded.reason}`)
    this.bytes += frameOverheadBytes + encoded.body.length
  }

  /** Bytes of all messages, by those of the sample. */
  get allBytes(): number {
    return this.#sampled === 0 ? 0 : (this.bytes * this.messages) / this.#sampled
  }
}

export function measureCost(plan: CostPlan): Cost {
  const { nodes, seed, restMs, measureMs, warmUps, broadcasts } = plan
  const overlay = new Overlay(nodes, seed, defaultProfile(), {
    latencyMs: () => latencyMs,
    channels: 'tracked',
  })
  const { engine, membership } = overlay
  const broadcast = new BroadcastLayer(engine, membership)
  overlay.joinAll()
  broadcast.start(defaultBroadcastOptions)
  engine.runUntil(engine.nowMs + restMs)

  const every = Math.max(1, Math.floor(nodes / sampledSenders))
  const takes = (sender: number): boolean => sender % every === 0
  const ofMembership = new Meter(addressees.membership, takes)
  const ofDigests = new Meter(addressees.broadcast, takes)
  engine.onSend = (port, sender, message) => {
    const meter = port === membership.port ? ofMembership : ofDigests
    meter.count(sender, message)
  }
  engine.runUntil(engine.nowMs + measureMs)

  const ofBroadcast = new Meter(addressees.broadcast, () => true)
  const payloads = new Meter(addressees.broadcast, () => false)
  let delivered = 0
  const run = (count: number): void => {
    for (let at = 0; at < count; at++) {
      broadcast.broadcast(draw(overlay.random, nodes))
      engine.runUntil(engine.nowMs + broadcastEveryMs)
      delivered += broadcast.cost.delivered
    }
  }
  engine.onSend = undefined
  run(warmUps)
  delivered = 0
  engine.onSend = (port, sender, message) => {
    const tag = tagOf(message)
    if (port === membership.port || !treeTags.has(tag)) return
    ofBroadcast.count(sender, message)
    if (tag === 'gossip') payloads.count(sender, message)
  }
  run(broadcasts)

  const perMinute = nodes * (measureMs / 60_000)
  const perBroadcast = nodes * broadcasts
  return {
    restMessages: (ofMembership.messages + ofDigests.messages) / perMinute,
    restBytes: (ofMembership.allBytes + ofDigests.allBytes) / perMinute,
    restMembershipBytes: ofMembership.allBytes / perMinute,
    broadcastMessages: ofBroadcast.messages / perBroadcast,
    broadcastBytes: ofBroadcast.allBytes / perBroadcast,
    payloads: payloads.messages / perBroadcast,
    reached: (100 * delivered) / perBroadcast,
    happened: engine.happened,
  }
}

/** What a broadcast itself sends; the rest of the messages are the upkeep's. */
const treeTags: ReadonlySet<unknown> = new Set(['gossip', 'ihave', 'graft', 'prune'])

function tagOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'tag' in message
    ? message.tag
    : undefined
}
