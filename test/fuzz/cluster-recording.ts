/**
 * Messages between the services of two nodes, as alice would send them to bob: what mutations of
 * the cluster begin with. Nothing is stored, and a message that is added to one of the protocols
 * is a type error here until it is recorded too.
 */
import { Pid, RemoteReference } from '../../runtime/identifier.ts'
import type { BroadcastMessage } from '../../src/broadcast/index.ts'
import { automaticId, explicitId, streamOf } from '../../src/broadcast/message-id.ts'
import { serviceFrame } from '../../src/dist/protocol.ts'
import { limits } from '../../src/limits.ts'
import { envelope } from '../../src/membership/envelope.ts'
import type { MembershipMessage } from '../../src/membership/index.ts'
import type { News, VerdictMessage } from '../../src/membership/verdict/message.ts'
import {
  type Delta,
  encodeDelta,
  encodeMessage,
  type TableMessage,
} from '../../src/replica/table-message.ts'
import type { GlobalMessage } from '../../src/services/global/message.ts'
import { keyOfName } from '../../src/services/global/name.ts'
import { createCodec } from '../../src/wire/index.ts'
import { alice, bob } from '../support/vectors/term-space.ts'
import type { RecordedFrame } from './recording.ts'
import { askedId, claimOf, disputed, knownHead } from './replica-actors.ts'
import { parseTerm, type TermTree } from './term-tree.ts'

type Recorded<Message extends { readonly tag: string }> = {
  readonly [T in Message['tag']]: readonly (Message & { readonly tag: T })[]
}

/** Nodes that alice speaks of; bob knows the first. */
export const others = ['carol@10.0.0.3', 'dave@10.0.0.4', 'erin@10.0.0.5'] as const
const [carol, dave, erin] = others
const peers = others.map((node, at) => ({ node, ageMs: at * 1000 }))
const tried = [{ node: dave, agoMs: 2000 }]

/** The number by which bob knows his edge to alice. */
export const knownEdge = 7

export const membershipMessages: Recorded<MembershipMessage> = {
  join: [{ tag: 'join', edge: 2 ** 31 }],
  forwardJoin: [{ tag: 'forwardJoin', peer: { node: erin, ageMs: 5 }, ttl: 5 }],
  neighbor: [
    { tag: 'neighbor', edge: knownEdge, priority: 'high' },
    { tag: 'neighbor', edge: 2 ** 32 - 1, priority: 'swap' },
  ],
  neighborReply: [{ tag: 'neighborReply', edge: knownEdge, accept: true, peers }],
  disconnect: [{ tag: 'disconnect', edge: knownEdge, reason: 'evict', peers }],
  shuffle: [{ tag: 'shuffle', id: 4, ttl: 3, origin: alice.name, peers, tried }],
  shuffleReply: [{ tag: 'shuffleReply', id: 4, peers, tried }],
  edgeCheck: [{ tag: 'edgeCheck', edge: knownEdge }],
}

const word = '0123abcd'
const stream = streamOf(alice.name, word)
const ids = [0, 1, 2].map((counter) => automaticId(stream, counter, word))
const explicit = explicitId('a key') ?? ''

/** A broadcast of alice's. */
export function gossipOf(topic: string, payload: Uint8Array): BroadcastMessage {
  return { tag: 'gossip', id: automaticId(stream, 9, word), topic, payload, round: 1, ageMs: 3 }
}

const carried = { id: ids[0] ?? '', topic: 'news', payload: Uint8Array.of(1), round: 1, ageMs: 30 }
const streams = [
  { stream, next: 3, holes: [1, 2] },
  { stream: streamOf(carol, word), next: 0, holes: [] },
]
const summary = { tag: 'streams', buckets: [1, 31], streams, ids: [explicit] } as const

export const broadcastMessages: Recorded<BroadcastMessage> = {
  gossip: [
    { tag: 'gossip', ...carried },
    { tag: 'gossip', ...carried, id: explicit, payload: new Uint8Array(300) },
  ],
  ihave: [{ tag: 'ihave', ids, rounds: [1, 2, 3] }],
  graft: [
    { tag: 'graft', ids },
    { tag: 'graft', ids: [] },
  ],
  prune: [{ tag: 'prune' }],
  digest: [{ tag: 'digest', hash: 2 ** 32 - 1 }],
  buckets: [{ tag: 'buckets', hashes: new Array<number>(limits.broadcastBuckets).fill(9) }],
  streams: [
    { ...summary, partial: false, answer: true },
    { ...summary, partial: true, answer: false },
  ],
  offer: [{ tag: 'offer', ids: [...ids, explicit], more: true }],
  fetch: [{ tag: 'fetch', ids }],
  repair: [{ tag: 'repair', ...carried }],
}

/** When bob began, on the wall clock. */
export const wallMs = 1_700_000_000_000
const incarnation = wallMs + 5

export const newsMessages: Recorded<News> = {
  alive: [
    {
      tag: 'alive',
      node: carol,
      incarnation,
      creation: 3,
      version: '1.2.3',
      metadata: { zone: 'a', role: 'worker' },
      left: false,
    },
    {
      tag: 'alive',
      node: dave,
      incarnation,
      creation: 4,
      version: '',
      metadata: {},
      left: true,
    },
  ],
  suspect: [
    { tag: 'suspect', node: carol, incarnation, by: alice.name },
    { tag: 'suspect', node: bob.name, incarnation: wallMs, by: carol },
  ],
  down: [{ tag: 'down', node: carol, incarnation, by: alice.name }],
}
const allNews: readonly News[] = Object.values(newsMessages).flat()
const listed = others.map((node) => ({ node, incarnation }))
const sums = new Array<number>(32).fill(5)

export const verdictMessages: Recorded<VerdictMessage> = {
  ...newsMessages,
  probe: [{ tag: 'probe', seq: 1 }],
  probeRequest: [{ tag: 'probeRequest', seq: 2, node: carol }],
  ack: [{ tag: 'ack', seq: 1, node: alice.name }],
  nack: [{ tag: 'nack', seq: 1, node: carol }],
  digest: [{ tag: 'digest', live: 4, low: 2 ** 32 - 1, high: 0 }],
  differ: [
    { tag: 'differ', parts: [{ path: '', sums }], listings: [{ path: 'a0f', members: listed }] },
  ],
  entries: [{ tag: 'entries', news: allNews, want: [carol, erin], more: true }],
}

const head = { ...knownHead, version: knownHead.version + 1 }
const heads = [
  { node: alice.name, head },
  { node: carol, head: knownHead },
]
/** Values of a table: a number, a pair, nothing that can be read. */
const ops = [
  ['a', Uint8Array.of(1)],
  ['b', Uint8Array.of(0x92, 1, 2)],
  ['b', Uint8Array.of(0xc1)],
  ['gone'],
  ['why', null, Uint8Array.of(2)],
] as const
const chunk = { tag: 'chunk', id: askedId, head } as const

export const tableMessages: Recorded<TableMessage> = {
  digest: [{ tag: 'digest', digest: 2 ** 48 - 1 }],
  vector: [
    { tag: 'vector', after: '', upTo: null, heads },
    { tag: 'vector', after: alice.name, upTo: carol, heads: [] },
  ],
  heads: [{ tag: 'heads', heads }],
  pull: [
    { tag: 'pull', id: 3, head: undefined },
    { tag: 'pull', id: 3, head: { epoch: { wallMs: 900, logical: 0 }, version: 30 } },
  ],
  refused: [{ tag: 'refused', id: askedId }],
  ack: [{ tag: 'ack', id: 3, seq: 1 }],
  chunk: [
    ...[true, false].map((first) => {
      const flags = { first, last: !first, end: !first }
      return { ...chunk, seq: first ? 1 : 2, kind: 'entries', from: 0, ...flags, ops } as const
    }),
    { ...chunk, seq: 1, kind: 'changes', from: 5, first: false, last: true, end: false, ops },
  ],
}

export const deltas: Readonly<Record<'ops' | 'head', readonly Delta[]>> = {
  ops: [{ node: alice.name, from: 5, head, ops }],
  head: [
    { node: alice.name, from: 6, head },
    { node: dave, from: 6, head },
  ],
}

const { pid, since, rank } = claimOf(alice, 3)
const ask = { key: keyOfName(disputed), pid, since, rank }
export const globalMessages: Recorded<GlobalMessage> = {
  ask: [{ tag: 'ask', ...ask }],
  answer: [
    { tag: 'answer', ...ask, holds: true },
    { tag: 'answer', ...ask, holds: false },
  ],
}

export const services = ['membership', 'broadcast', 'members', 'table', 'global'] as const
export type Service = (typeof services)[number]

const addresses = new Map(others.map((node) => [node as string, { host: '10.0.0.9', port: 4433 }]))

/** Frames of every message of every service. */
export function recordServices(): readonly RecordedFrame[] {
  const membership: readonly MembershipMessage[] = Object.values(membershipMessages).flat()
  const broadcast: readonly BroadcastMessage[] = Object.values(broadcastMessages).flat()
  const members: readonly VerdictMessage[] = Object.values(verdictMessages).flat()
  const tables: readonly TableMessage[] = Object.values(tableMessages).flat()
  const globals: readonly GlobalMessage[] = Object.values(globalMessages).flat()
  const record = (service: Service, body: unknown): RecordedFrame => ({
    name: service,
    type: serviceFrame,
    term: treeOf([service, body]),
  })
  return [
    ...membership
      .map((message) => envelope(message, (node) => addresses.get(node)))
      .map((body) => record('membership', body)),
    ...broadcast.map((message) => record('broadcast', message)),
    ...members.map((message) => record('members', message)),
    ...tables.map((message) => record('table', encodeMessage(message))),
    ...globals.map((message) => record('global', message)),
  ]
}

/** What broadcasts about members carry. */
export function recordNews(): readonly TermTree[] {
  return allNews.map(treeOf)
}

/** What broadcasts about alice's table carry. */
export function recordDeltas(): readonly TermTree[] {
  return Object.values(deltas)
    .flat()
    .map((delta) => treeOf(encodeDelta(delta)))
}

/** A term as alice encodes it for bob. */
export function treeOf(term: unknown): TermTree {
  const codec = createCodec({
    local: alice,
    peer: bob,
    pid: (parts) => new Pid(parts),
    reference: (parts) => new RemoteReference(parts),
  })
  const encoded = codec.encode(term)
  if (encoded.tag === 'error') throw new Error(`recording: ${encoded.path}`)
  return parseTerm(encoded.bytes.slice())
}
