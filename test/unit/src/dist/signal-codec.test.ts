import type { Pid, Reason, Reference } from '../../../../runtime/index.ts'
import type { PidParts, RefParts, Signal } from '../../../../runtime/kernel.ts'
import { decodeSignal, encodeSignal, isSignalFrame } from '../../../../src/dist/signal-codec.ts'
import { createCodec } from '../../../../src/wire/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { alice, bob, channel, interned } from '../../../support/vectors/term-space.ts'

const test = suite('signal codec')

const table = interned()
const ends = channel(table)
const near = createCodec(ends.alice)
const far = createCodec(ends.bob)

const pidOf = (parts: PidParts): Pid => table.pid(parts)
const refOf = (parts: RefParts): Reference => table.reference(parts)
const from = pidOf({ node: alice.name, creation: alice.creation, index: 4, serial: 2 })
const to = pidOf({ node: bob.name, creation: bob.creation, index: 9, serial: 1 })
const third = pidOf({ node: 'third@10.0.0.3', creation: 5, index: 1, serial: 1 })
const ref = refOf({ node: alice.name, creation: alice.creation, id: 12 })

const rich = { list: [1, 'two', null, third], map: new Map([[1, ref]]), big: 10n ** 30n }
const reason = { tag: 'broken', detail: { at: [1, 2], who: third } }

const spawn = { tag: 'spawn', ref, from, module: 'm', arg: rich, name: 'n', link: true } as const

const signals: readonly Signal[] = [
  { tag: 'send', to, message: rich },
  { tag: 'send', to: 'name', message: undefined },
  { tag: 'link', from, to },
  { tag: 'unlink', from, to, id: 7 },
  { tag: 'unlinkAck', from, to, id: 2 ** 40 },
  { tag: 'linkExit', from, to, reason },
  { tag: 'exit', from, to, reason: 'kill' },
  { tag: 'monitor', ref, from, to },
  { tag: 'monitor', ref, from, to: 'name' },
  { tag: 'demonitor', ref },
  { tag: 'down', ref, reason },
  { tag: 'call', ref, from, to, op: 'op', arg: rich },
  { tag: 'call', ref, from: null, to: 'name', op: '', arg: undefined },
  { tag: 'reply', ref, value: rich },
  { tag: 'callFailed', ref, reason },
  { tag: 'cancelCall', ref },
  { ...spawn, monitor: false },
  { ...spawn, from: null, name: null, link: false, monitor: true },
  { tag: 'spawned', ref, pid: from },
  { tag: 'spawnFailed', ref, reason: 'normal' },
]

function encoded(signal: Signal, exposeStacks = false): { type: number; bytes: Uint8Array } {
  const result = encodeSignal(near, signal, exposeStacks)
  if (result.tag === 'error') throw new Error(`${result.path}: ${result.reason}`)
  return { type: result.type, bytes: new Uint8Array(Buffer.concat(result.body.pieces())) }
}

function decoded({ type, bytes }: { type: number; bytes: Uint8Array }): Signal | undefined {
  const result = far.decode(bytes)
  if (result.tag === 'error') throw new Error(result.reason)
  return decodeSignal(type, result.term)
}

test('every signal survives the wire', () => {
  for (const signal of signals) assert.equal(decoded(encoded(signal)), signal, signal.tag)
})

test('every kind of signal has a frame type of its own', () => {
  const types = new Map(signals.map((signal) => [encoded(signal).type, signal.tag]))
  assert.is(types.size, new Set(signals.map(({ tag }) => tag)).size)
  for (const type of types.keys()) assert.ok(isSignalFrame(type))
  for (const type of [0, 1, 9, 26, 255, -1, 1.5]) assert.not(isSignalFrame(type))
  assert.is(decodeSignal(1, []), undefined)
})

const others = [undefined, null, 0, -1, 'text', '', true, [], {}, 1n, new Map(), from, ref]

/** Positions of fields that may be any term. */
const free: Partial<Record<Signal['tag'], number>> = { send: 1, call: 4, reply: 1, spawn: 3 }

test('a field of another kind makes it no signal', () => {
  let refused = 0
  for (const signal of signals) {
    const { type, bytes } = encoded(signal)
    const result = far.decode(bytes)
    if (result.tag === 'error' || !Array.isArray(result.term)) throw new Error('unreachable')
    const fields: readonly unknown[] = result.term
    for (const index of fields.keys()) {
      if (free[signal.tag] === index) continue
      for (const value of others) {
        const changed = decodeSignal(type, fields.with(index, value))
        if (changed === undefined) refused++
        else assert.is(kindOf(value), fitting(signal.tag, index, value), `${signal.tag}[${index}]`)
      }
    }
  }
  assert.ok(refused > 300, `${refused}`)
})

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (value === from) return 'pid'
  if (value === ref) return 'reference'
  return Array.isArray(value) ? 'array' : typeof value
}

/** The kind, when the field takes values of it. */
function fitting(tag: Signal['tag'], index: number, value: unknown): string {
  const kind = kindOf(value)
  const kinds: Partial<Record<Signal['tag'], readonly (readonly string[])[]>> = {
    send: [['pid', 'string']],
    link: [['pid'], ['pid']],
    unlink: [['pid'], ['pid'], ['number']],
    unlinkAck: [['pid'], ['pid'], ['number']],
    linkExit: [['pid'], ['pid'], ['string']],
    exit: [['pid'], ['pid'], ['string']],
    monitor: [['reference'], ['pid'], ['pid', 'string']],
    demonitor: [['reference']],
    cancelCall: [['reference']],
    down: [['reference'], ['string']],
    callFailed: [['reference'], ['string']],
    spawnFailed: [['reference'], ['string']],
    call: [['reference'], ['pid', 'null'], ['pid', 'string'], ['string']],
    reply: [['reference']],
    spawn: [
      ['reference'],
      ['pid', 'null'],
      ['string'],
      [],
      ['string', 'null'],
      ['boolean'],
      ['boolean'],
    ],
    spawned: [['reference'], ['pid']],
  }
  return kinds[tag]?.[index]?.includes(kind) ? kind : 'another kind'
}

test('too few fields, or no array, make it no signal', () => {
  for (const signal of signals) {
    const { type } = encoded(signal)
    for (const term of [null, undefined, 1, 'x', {}, new Map(), [], [null]]) {
      assert.is(decodeSignal(type, term), undefined, signal.tag)
    }
  }
})

test('more fields than known are ignored: a later version may add some', () => {
  for (const signal of signals) {
    const { type, bytes } = encoded(signal)
    const result = far.decode(bytes)
    if (result.tag === 'error' || !Array.isArray(result.term)) throw new Error('unreachable')
    assert.equal(decodeSignal(type, [...result.term, 'later', 1]), signal)
  }
})

const bad = { items: [0, 1, 2, { callback: () => 1 }] }

test("a refusal names the path in the user's own value", () => {
  const cases: readonly (readonly [Signal, string])[] = [
    [{ tag: 'send', to, message: bad }, 'message.items[3].callback'],
    [{ tag: 'send', to, message: () => 1 }, 'message'],
    [{ tag: 'send', to, message: [new Date(0)] }, 'message[0]'],
    [{ tag: 'call', ref, from, to, op: 'op', arg: bad }, 'arg.items[3].callback'],
    [{ ...spawn, arg: bad, monitor: false }, 'arg.items[3].callback'],
    [{ tag: 'reply', ref, value: bad }, 'reply.items[3].callback'],
  ]
  for (const [signal, path] of cases) {
    const result = encodeSignal(near, signal, false)
    assert.is(result.tag === 'error' && result.path, path)
  }
})

test('a reason that cannot travel is replaced by one that says so', () => {
  const awful = { tag: 'awful', bad }
  const cyclic: { tag: string; self?: unknown } = { tag: 'cyclic' }
  cyclic.self = cyclic
  const reasons = [
    [awful, /^reason\.bad\.items\[3\]\.callback$/, 'type'],
    // Stacks are taken out of a copy, some levels deep, before the cycle is met.
    [cyclic, /^reason(\.self)+$/, 'cycle'],
    [`lone \ud800 surrogate`, /^reason$/, 'string'],
  ] as const
  for (const [cause, path, was] of reasons) {
    const all: readonly Signal[] = [
      { tag: 'linkExit', from, to, reason: cause },
      { tag: 'exit', from, to, reason: cause },
      { tag: 'down', ref, reason: cause },
      { tag: 'callFailed', ref, reason: cause },
      { tag: 'spawnFailed', ref, reason: cause },
    ]
    for (const signal of all) {
      const got = decoded(encoded(signal))
      if (got === undefined || !('reason' in got)) throw new Error('no reason')
      if (typeof got.reason === 'string') throw new Error('another reason')
      const { tag, path: where, ...rest } = got.reason
      assert.equal([got.tag, tag, rest], [signal.tag, 'unsendable', { was }])
      assert.match(String(where), path)
    }
  }
})

test('stacks stay here unless the node lets them go', () => {
  const error = { tag: 'error', name: 'Error', message: 'm', stack: 'at secret.ts:1' }
  const signal: Signal = { tag: 'down', ref, reason: error }
  const hidden = decoded(encoded(signal))
  assert.not(JSON.stringify(hidden).includes('secret'))
  assert.equal(decoded(encoded(signal, true)), signal)
})

test('what is no reason leaves as one that says so: no peer would take the signal', () => {
  for (const reason of [7, null, undefined, {}, { tag: 7 }, [], () => 1] as unknown[]) {
    const got = decoded(encoded({ tag: 'down', ref, reason: reason as Reason }))
    if (got === undefined || !('reason' in got)) throw new Error('no reason')
    assert.is(typeof got.reason === 'object' && got.reason.tag, 'unsendable', String(reason))
  }
})

test.run()
