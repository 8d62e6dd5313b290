/**
 * Generators for the membership rule: messages, and whole events of a world that keeps to no
 * protocol.
 */
import fc from 'fast-check'
import { limits } from '../../../../src/limits.ts'
import type {
  MembershipEvent,
  MembershipMessage,
  MembershipOptions,
  MembershipTimer,
} from '../../../../src/membership/index.ts'
import { self } from './lone.ts'

/** Plain objects: fast-check would have some without a prototype. */
const record = <Value>(model: { [Key in keyof Value]: fc.Arbitrary<Value[Key]> }) =>
  fc.record<Value>(model, { noNullPrototype: true })

const uint = fc.nat({ max: 2 ** 32 - 1 })
/** Few, so that the same edges and shuffles come up again. */
const id = fc.oneof(fc.nat({ max: 3 }), uint)

/** Names of a small world, the node's own among them. */
export const anyNode = fc.oneof(
  { weight: 12, arbitrary: fc.nat({ max: 14 }).map((n) => `n${n}@h`) },
  { weight: 1, arbitrary: fc.constant(self) },
)

const peer = record({ node: anyNode, ageMs: fc.oneof(fc.nat({ max: 400_000 }), uint) })
const peers = fc.array(peer, { maxLength: limits.membershipPeersMax })
const tried = fc.array(record({ node: anyNode, agoMs: uint }), {
  maxLength: limits.membershipTriedMax,
})
const ttl = fc.nat({ max: limits.membershipTtlMax })

export const anyMessage: fc.Arbitrary<MembershipMessage> = fc.oneof(
  record({ tag: fc.constant('join' as const), edge: id }),
  record({ tag: fc.constant('forwardJoin' as const), peer, ttl }),
  record({
    tag: fc.constant('neighbor' as const),
    edge: id,
    priority: fc.constantFrom('high' as const, 'low' as const, 'swap' as const),
  }),
  record({
    tag: fc.constant('neighborReply' as const),
    edge: id,
    accept: fc.boolean(),
    peers,
  }),
  record({
    tag: fc.constant('disconnect' as const),
    edge: id,
    reason: fc.constantFrom('evict' as const, 'leave' as const, 'noEdge' as const),
    peers,
  }),
  record({ tag: fc.constant('shuffle' as const), id, ttl, origin: anyNode, peers, tried }),
  record({ tag: fc.constant('shuffleReply' as const), id, peers, tried }),
  record({ tag: fc.constant('edgeCheck' as const), edge: id }),
)

const timer: fc.Arbitrary<MembershipTimer> = fc.oneof(
  record({ tag: fc.constantFrom('pending' as const, 'retry' as const), node: anyNode }),
  record({
    tag: fc.constantFrom(
      'bootstrap' as const,
      'shuffle' as const,
      'promote' as const,
      'sweep' as const,
      'audit' as const,
      'rotate' as const,
      'seek' as const,
    ),
  }),
)

/** Anything that can happen, whether or not it was asked for. Timers fire out of turn too. */
export const anyEvent: fc.Arbitrary<MembershipEvent> = fc.oneof(
  {
    weight: 12,
    arbitrary: record({
      tag: fc.constant('message' as const),
      from: anyNode,
      message: anyMessage,
    }),
  },
  { weight: 4, arbitrary: record({ tag: fc.constant('connected' as const), node: anyNode }) },
  {
    weight: 4,
    arbitrary: record({
      tag: fc.constant('failed' as const),
      node: anyNode,
      reason: fc.constantFrom('connectFailed' as const, 'nodedown' as const, 'busy' as const),
    }),
  },
  { weight: 4, arbitrary: record({ tag: fc.constant('timer' as const), timer }) },
  { weight: 1, arbitrary: record({ tag: fc.constant('join' as const), contact: anyNode }) },
  { weight: 1, arbitrary: fc.constant({ tag: 'bootstrap' as const }) },
  { weight: 1, arbitrary: fc.constant({ tag: 'leave' as const }) },
  {
    weight: 1,
    arbitrary: record({
      tag: fc.constantFrom('block' as const, 'unblock' as const, 'restore' as const),
      nodes: fc.array(anyNode, { maxLength: 4 }),
    }),
  },
)

/** Small views, and every remedy on or off. */
export const anyOptions: fc.Arbitrary<Partial<MembershipOptions>> = record({
  activeSize: fc.integer({ min: 1, max: 4 }),
  passiveSize: fc.integer({ min: 1, max: 6 }),
  arwl: fc.integer({ min: 1, max: 6 }),
  prwl: fc.nat({ max: 6 }),
  maxFailCount: fc.integer({ min: 1, max: 3 }),
  passiveMaxAgeMs: fc.constantFrom(0, 300_000),
  contactNodes: fc.array(anyNode, { maxLength: 3 }),
  shuffleReply: fc.constantFrom('step' as const, 'origin' as const),
  walk: fc.constantFrom('room' as const, 'split' as const, 'end' as const),
  candidates: fc.constantFrom('recent' as const, 'any' as const),
  hints: fc.boolean(),
  evictionEveryMs: fc.constantFrom(0, 1_000),
  evictionPerNodeMs: fc.constantFrom(0, 30_000),
  requestsMax: fc.constantFrom(0, 3, 16),
  protectedSlots: fc.nat({ max: 4 }),
  hearsayMax: fc.integer({ min: 1, max: 6 }),
  metSlots: fc.nat({ max: 6 }),
  lostMax: fc.nat({ max: 3 }),
  graceMs: fc.constantFrom(0, 5_000),
})
