/** What routers take from each other: nothing but what a node like them would send. */
import fc from 'fast-check'
import { limits } from '../../../../../src/limits.ts'
import { NameKeys } from '../../../../../src/services/registry/name.ts'
import {
  decodeRouter,
  encodeRouter,
  type RouterMessage,
} from '../../../../../src/services/router/message.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { pidOn } from './search-network.ts'

const test = suite('messages of routers')

const from = 'b@h'
const keys = new NameKeys()

function keyOf(name: unknown): string | undefined {
  try {
    return keys.of(name).text
  } catch {
    return undefined
  }
}

function decode(term: unknown): RouterMessage | undefined {
  return decodeRouter(term, from, keyOf)
}

const trail = { ttl: 3, visited: ['a@h', from], leftMs: 1_000 }
const service = { tag: 'service', name: 'cart', text: 'scart' } as const
const search = '0123456789abcdef'
const pid = pidOn('c@h')
const body = Uint8Array.of(1, 2)
const packet = { node: 'c@h', name: ['room', 7], text: keyOf(['room', 7]) ?? '', body } as const

const good: readonly RouterMessage[] = [
  { tag: 'route', ref: 1, search, goal: service, ...trail },
  { tag: 'route', ref: 0, search, goal: { tag: 'node', node: 'c@h' }, ...trail, ttl: 0 },
  { tag: 'routed', ref: 2 ** 32 - 1, result: { tag: 'found', node: 'c@h', pid } },
  { tag: 'routed', ref: 1, result: { tag: 'found', node: 'c@h', pid: null } },
  { tag: 'routed', ref: 1, result: { tag: 'error', reason: 'overloaded' } },
  { tag: 'relay', ref: 1, kind: 'call', ...packet, ...trail },
  { tag: 'relay', ref: 1, kind: 'send', ...packet, ...trail },
  { tag: 'relayed', ref: 1, result: { tag: 'done', body } },
  { tag: 'relayed', ref: 1, result: { tag: 'error', reason: 'lost' } },
]

test('what is sent is read again as it was', () => {
  for (const message of good) assert.equal(decode(encodeRouter(message)), message)
})

test('a forged trail is refused', () => {
  const route = (change: object): unknown => decode({ ...good[0], ...change })
  const long = Array.from({ length: limits.routeTtl + 1 }, (_, at) => `n${at}@h`)
  const refused: readonly object[] = [
    { visited: [] },
    { visited: [from, 'a@h'] },
    { visited: ['a@h'] },
    { visited: [from, from], ttl: 0 },
    { visited: ['nobody', from] },
    { visited: [...long, from], ttl: 0 },
    { visited: 'a@h' },
    { ttl: limits.routeTtl - 1 },
    { ttl: limits.routeTtl, visited: [from] },
    { ttl: -1 },
    { ttl: 0.5 },
    { ttl: '3' },
    { leftMs: limits.routeDeadlineMs + 1 },
    { leftMs: -1 },
    { leftMs: Number.POSITIVE_INFINITY },
    { search: 'x' },
    { search: `${search}0` },
    { search: 7 },
    { goal: { tag: 'service', name: '' } },
    { goal: { tag: 'service', name: 'x'.repeat(100_000) } },
    { goal: { tag: 'service' } },
    { goal: { tag: 'node', node: '../..' } },
    { goal: null },
    { ref: -1 },
    { ref: 2 ** 32 },
  ]
  for (const change of refused) assert.is(route(change), undefined, JSON.stringify(change))
  assert.ok(route({ ttl: limits.routeTtl - 1, visited: [from] }))
})

test('a process of another node than the one it is said to be on is refused', () => {
  const found = (result: unknown): unknown => decode({ tag: 'routed', ref: 1, result })
  assert.is(found({ tag: 'found', node: 'd@h', pid }), undefined)
  assert.is(found({ tag: 'found', node: 'c@h', pid: 'c@h' }), undefined)
  assert.is(found({ tag: 'found', node: 'c@h' }), undefined)
  assert.is(found({ tag: 'error', reason: 'because' }), undefined)
  assert.is(found({ tag: 'error', reason: 'lost' }), undefined)
})

test('what is too large to be relayed is refused', () => {
  const large = new Uint8Array(limits.relayBodyMaxBytes + 1)
  assert.is(decode({ ...good[5], body: large }), undefined)
  assert.is(decode({ tag: 'relayed', ref: 1, result: { tag: 'done', body: large } }), undefined)
  assert.is(decode({ ...good[5], kind: 'exit' }), undefined)
  assert.ok(decode({ ...good[5], body: large.subarray(1) }))
})

test('nothing makes it throw', () => {
  const fields = Object.keys({ ...good[0], ...good[2], ...good[5] })
  const anything = fc.anything({ withMap: true, withBigInt: true, withNullPrototype: true })
  fc.assert(
    fc.property(
      fc.constantFrom(...good),
      fc.constantFrom(...fields),
      anything,
      (message, field, junk) => {
        const decoded = decode({ ...message, [field]: junk })
        assert.ok(decoded === undefined || typeof decoded.tag === 'string')
        assert.ok(decode(junk) === undefined)
      },
    ),
    { numRuns: 1_000 },
  )
})

test.run()
