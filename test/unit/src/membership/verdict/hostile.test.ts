/** What a hostile member may try: to have others taken for dead, to speak for them, to flood. */
import fc from 'fast-check'
import { limits } from '../../../../../src/limits.ts'
import type { VerdictEvent } from '../../../../../src/membership/verdict/event.ts'
import {
  decodeNews,
  decodeVerdict,
  type News,
} from '../../../../../src/membership/verdict/message.ts'
import { stepVerdict } from '../../../../../src/membership/verdict/rule.ts'
import type { VerdictState } from '../../../../../src/membership/verdict/state.ts'
import { sizeOf } from '../../../../../src/membership/verdict/table.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { Scene, wallStartMs } from './scene.ts'

const test = suite('membership verdict: hostile')

const five = ['a@h', 'b@h', 'c@h', 'd@h', 'e@h']
const up = five.map((node) => `${node}: up`)

function meshed(): Scene {
  const scene = new Scene()
  for (const node of five) scene.start(node)
  scene.mesh(five)
  scene.run(100)
  scene.log.length = 0
  scene.actions.length = 0
  return scene
}

function ownOf(scene: Scene, node: string): VerdictState['own'] {
  const own = scene.states.get(node)?.own
  if (own === undefined) throw new Error(`no node ${node}`)
  return own
}

function aliveOf(scene: Scene, node: string): Extract<News, { readonly tag: 'alive' }> {
  return { tag: 'alive', node, ...ownOf(scene, node) }
}

test('forged suspicions of everybody, again and again, take nobody away', () => {
  const scene = meshed()
  for (let round = 0; round < 300; round++) {
    for (const node of five.slice(1)) {
      const { incarnation } = ownOf(scene, node)
      const by = `forged${round}@h`
      for (const to of five.slice(1)) {
        for (const tag of ['suspect', 'down'] as const) {
          const news = { tag, node, incarnation, by }
          scene.tell(to, { tag: 'news', from: 'a@h', news })
        }
      }
    }
    scene.run(200)
  }
  assert.equal(scene.told('memberDown'), [])
  scene.run(10_000)
  for (const node of five) assert.equal(scene.members(node), up)
})

test('refutations are as many as their interval allows, however many provoke them', () => {
  const scene = meshed()
  for (let times = 0; times < 1_000; times++) {
    const { incarnation } = ownOf(scene, 'b@h')
    const news = { tag: 'suspect', node: 'b@h', incarnation, by: 'a@h' } as const
    scene.tell('b@h', { tag: 'news', from: 'a@h', news })
    scene.run(10)
  }
  const refuted = scene.told('refute').length
  assert.ok(refuted >= 10 && refuted <= 21, `${refuted} in 10 s, of at most one in 500 ms`)
})

test('an accuser is believed so often a minute, and then no more', () => {
  const scene = meshed()
  for (let at = 0; at < 100; at++) {
    const alive = { ...aliveOf(scene, 'e@h'), node: `m${at}@h` }
    scene.tell('b@h', { tag: 'news', from: 'c@h', news: alive })
  }
  scene.log.length = 0
  for (let at = 0; at < 100; at++) {
    const { incarnation } = ownOf(scene, 'e@h')
    const news = { tag: 'suspect', node: `m${at}@h`, incarnation, by: 'a@h' } as const
    scene.tell('b@h', { tag: 'news', from: 'c@h', news })
  }
  assert.is(scene.told('memberSuspect').length, limits.verdictAccusationsBurst)
  assert.is(scene.told('flood').length, 100 - limits.verdictAccusationsBurst)
})

test('nobody accuses in our name', () => {
  const scene = meshed()
  const { incarnation } = ownOf(scene, 'e@h')
  const news = { tag: 'down', node: 'e@h', incarnation, by: 'b@h' } as const
  scene.tell('b@h', { tag: 'news', from: 'a@h', news })
  scene.tell('b@h', { tag: 'message', from: 'a@h', message: news })
  assert.equal(scene.told('memberSuspect'), [])
})

test('nobody drives an incarnation to its end', () => {
  const scene = meshed()
  const { incarnation } = ownOf(scene, 'e@h')
  for (const forged of [Number.MAX_SAFE_INTEGER, wallStartMs + 10 * 3_600_000]) {
    for (const to of five) {
      const alive = { ...aliveOf(scene, 'e@h'), incarnation: forged }
      scene.tell(to, { tag: 'news', from: 'a@h', news: alive })
      const news = { tag: 'suspect', node: 'e@h', incarnation: forged, by: 'a@h' } as const
      scene.tell(to, { tag: 'news', from: 'a@h', news })
    }
  }
  scene.run(60_000)
  assert.is(ownOf(scene, 'e@h').incarnation, incarnation)
  assert.ok(scene.told('future').length >= 20)
  for (const node of five) assert.equal(scene.members(node), up)
})

test('a victim whose clock is behind answers what is dated as far ahead as is believed', () => {
  const scene = meshed()
  const behindMs = 1_500_000
  const aheadMs = 1_800_000
  const wallMs = wallStartMs + scene.nowMs
  const forged = { tag: 'suspect', node: 'e@h', incarnation: wallMs + aheadMs, by: 'a@h' } as const
  const state = scene.states.get('e@h')
  assert.ok(state !== undefined)
  const event = { tag: 'news', from: 'a@h', news: forged } as const
  const env = { ...scene.env('e@h'), wallMs: wallMs - behindMs }
  const [answered] = stepVerdict(state, event, env)
  assert.is(answered.own.incarnation, forged.incarnation + 1)
  const further = { ...forged, incarnation: forged.incarnation + 1 }
  scene.tell('b@h', { tag: 'news', from: 'a@h', news: further })
  assert.equal(scene.told('memberSuspect'), [])
  assert.equal(scene.told('future'), ['b@h future a@h'])
  scene.tell('b@h', event)
  assert.equal(scene.told('memberSuspect'), ['b@h memberSuspect e@h'])
  const news = { tag: 'alive', node: 'e@h', ...answered.own } as const
  scene.tell('b@h', { tag: 'news', from: 'c@h', news })
  assert.equal(scene.members('b@h'), up)
})

test('a name driven as far ahead as is believed can still be found to be gone', () => {
  const scene = meshed()
  const incarnation = wallStartMs + scene.nowMs + 3_599_000
  const forged = { ...aliveOf(scene, 'e@h'), incarnation }
  for (const to of five) scene.tell(to, { tag: 'news', from: 'a@h', news: forged })
  scene.run(100)
  scene.cutOff.add('e@h')
  for (const node of five.slice(0, 4)) scene.lose(node, 'e@h')
  scene.run(30_000)
  assert.is(scene.told('memberDown').length, 4)
})

test('who speaks for another is believed until the other hears of it', () => {
  const scene = meshed()
  const ahead = ownOf(scene, 'e@h').incarnation + 1_000_000
  const forged = { ...aliveOf(scene, 'e@h'), incarnation: ahead, metadata: { zone: 'forged' } }
  const leaving = { ...forged, incarnation: ahead + 1, left: true }
  for (const news of [forged, leaving]) {
    for (const to of five) scene.tell(to, { tag: 'news', from: 'a@h', news })
  }
  scene.run(2_000)
  assert.ok(scene.told('impersonated').length > 0)
  for (const node of five) assert.equal(scene.members(node), up)
  assert.is(ownOf(scene, 'e@h').incarnation, ahead + 2)
  assert.equal(ownOf(scene, 'e@h').metadata, { zone: 'e' })
})

test('made-up names fill the table no further than its limit, and whom we hear finds room', () => {
  const scene = meshed()
  const told = (event: VerdictEvent): void => scene.tell('b@h', event)
  const alive = aliveOf(scene, 'e@h')
  for (let at = 0; at < limits.membersMax + 100; at++) {
    told({ tag: 'news', from: `s${at % 40}@h`, news: { ...alive, node: `made-up${at}@h` } })
    if (at % 1_000 === 0) scene.nowMs += 1_000
  }
  const state = scene.states.get('b@h')
  assert.is(sizeOf(state?.table) - (state?.marks ?? 0), limits.membersMax)
  assert.ok(scene.told('full').length >= 100)
  told({ tag: 'message', from: 'real@h', message: { ...alive, node: 'real@h' } })
  assert.ok(scene.members('b@h').includes('real@h: up'))
  for (let at = 0; at < 30; at++) {
    const by = `x${at}@h`
    told({ tag: 'news', from: 'c@h', news: { tag: 'suspect', node: by, incarnation: 9, by } })
  }
  const after = scene.states.get('b@h')
  assert.is(sizeOf(after?.table) - (after?.marks ?? 0), limits.membersMax)
})

test('marks are kept up to their limit; news of those beyond must be above the floor', () => {
  const scene = meshed()
  const alive = aliveOf(scene, 'e@h')
  for (let at = 0; at < limits.memberMarksMax + 1; at++) {
    const node = `gone${at}@h`
    const news = { tag: 'suspect', node, incarnation: 1_000 + at, by: node } as const
    scene.tell('b@h', { tag: 'news', from: `s${at % 40}@h`, news })
    if (at % 20 === 0) scene.nowMs += 60_000
  }
  const state = scene.states.get('b@h')
  assert.ok((state?.marks ?? 0) <= limits.memberMarksMax)
  assert.ok((state?.floor ?? 0) >= 1_000)
  scene.log.length = 0
  const old = { ...alive, node: 'gone0@h', incarnation: 1_000 }
  scene.tell('b@h', { tag: 'news', from: 'c@h', news: old })
  assert.is(scene.told('stale').length, 1)
  scene.tell('b@h', { tag: 'news', from: 'c@h', news: { ...old, incarnation: 1_000_000 } })
  assert.equal(scene.told('memberUp'), ['b@h memberUp gone0@h'])
})

test('nobody is dialled for a stranger, and one requester gets no more than its share', () => {
  const scene = meshed()
  const request = (node: string, seq: number): void =>
    scene.tell('b@h', { tag: 'message', from: 'a@h', message: { tag: 'probeRequest', seq, node } })
  request('victim@h', 1)
  assert.equal(
    scene.actions.map(({ action }) => action.tag),
    ['send'],
  )
  for (let seq = 0; seq < 100; seq++) request('e@h', seq)
  const dials = scene.actions.filter(({ action }) => action.tag === 'connect').length
  assert.is(dials, limits.verdictRelaysPerPeerMax)
})

test('a flood of messages is cut off, per sender', () => {
  const scene = meshed()
  const probe = { tag: 'probe', seq: 1 } as const
  for (let times = 0; times < limits.verdictMessagesBurst + 50; times++) {
    scene.tell('b@h', { tag: 'message', from: 'a@h', message: probe })
  }
  assert.is(scene.told('flood').length, 50)
  scene.tell('b@h', { tag: 'message', from: 'c@h', message: probe })
  assert.is(scene.told('flood').length, 50, 'others are heard')
})

test('news that a neighbour hands on cost what it says itself nothing', () => {
  const scene = meshed()
  const { incarnation } = ownOf(scene, 'd@h')
  const news = { tag: 'suspect', node: 'd@h', incarnation: incarnation - 1, by: 'a@h' } as const
  for (let times = 0; times < limits.verdictMessagesBurst + 50; times++) {
    scene.tell('b@h', { tag: 'news', from: 'c@h', news })
  }
  assert.is(scene.told('flood').length, 50)
  scene.actions.length = 0
  scene.tell('b@h', { tag: 'message', from: 'c@h', message: { tag: 'probe', seq: 1 } })
  assert.is(scene.actions[0]?.action.tag, 'send')
})

/** So many accusations of nobody, each by another name that is made up. */
function accuseNobody(scene: Scene, first: number, count: number): void {
  for (let at = first; at < first + count; at++) {
    const news = { tag: 'suspect', node: `x${at}@h`, incarnation: 9, by: `y${at}@h` } as const
    scene.tell('b@h', { tag: 'news', from: 'c@h', news })
  }
}

test('accusers that are made up keep no neighbour from telling what it knows', () => {
  const scene = meshed()
  accuseNobody(scene, 0, 1_000)
  const { incarnation } = ownOf(scene, 'e@h')
  const message = { tag: 'down', node: 'e@h', incarnation, by: 'd@h' } as const
  scene.tell('b@h', { tag: 'message', from: 'd@h', message })
  assert.equal(scene.told('memberSuspect'), ['b@h memberSuspect e@h'])
})

test('accusers that are made up are forgotten, and the others counted each for itself', () => {
  const scene = meshed()
  for (let at = 0; at < 100; at++) {
    const alive = { ...aliveOf(scene, 'e@h'), node: `m${at}@h` }
    scene.tell('b@h', { tag: 'news', from: 'c@h', news: alive })
  }
  accuseNobody(scene, 0, 1_000)
  scene.run(120_000)
  scene.log.length = 0
  for (let at = 0; at < 60; at++) {
    const { incarnation } = ownOf(scene, 'e@h')
    const by = five[at % 2 === 0 ? 0 : 2] ?? ''
    const news = { tag: 'suspect', node: `m${at}@h`, incarnation, by } as const
    scene.tell('b@h', { tag: 'news', from: 'c@h', news })
  }
  assert.equal(scene.told('flood'), [])
})

test('answers nobody asked for, and news of who is nobody, change nothing', () => {
  const scene = meshed()
  const before = scene.states.get('b@h')
  for (const tag of ['ack', 'nack'] as const) {
    scene.tell('b@h', { tag: 'message', from: 'a@h', message: { tag, seq: 1, node: 'e@h' } })
  }
  const after = scene.states.get('b@h')
  assert.is(after?.table, before?.table)
  assert.is(after?.probes, before?.probes)
})

test('nothing but messages within their limits is decoded, and nothing makes it throw', () => {
  const alive = {
    tag: 'alive',
    node: 'a@h',
    incarnation: 1,
    creation: 1,
    version: '1',
    metadata: { zone: 'x' },
    left: false,
  }
  assert.equal(decodeNews(alive), alive)
  const fields = Array.from({ length: limits.memberMetadataFieldsMax + 1 }, (_, at) => [
    `k${at}`,
    '',
  ])
  for (const changed of [
    { metadata: { big: 'x'.repeat(limits.memberMetadataMaxChars) } },
    { metadata: Object.fromEntries(fields) },
    { metadata: { nested: {} } },
    { metadata: [] },
    { version: 'v'.repeat(limits.memberVersionMaxChars + 1) },
    { node: 'no name' },
    { incarnation: 1.5 },
    { incarnation: -1 },
    { incarnation: Number.MAX_SAFE_INTEGER + 1 },
    { creation: 2 ** 32 },
    { left: 1 },
  ]) {
    assert.is(decodeNews({ ...alive, ...changed }), undefined, JSON.stringify(changed))
  }
  const deep = Array.from({ length: limits.verdictEntriesMax + 1 }, () => alive)
  const entries = { tag: 'entries', news: deep, want: [], more: false }
  assert.is(decodeVerdict(entries), undefined)
  assert.is(
    decodeVerdict({ tag: 'differ', parts: [{ path: 'g', sums: [] }], listings: [] }),
    undefined,
  )
  fc.assert(
    fc.property(
      fc.anything(),
      fc.constantFrom('alive', 'differ', 'entries', 'ack'),
      (junk, tag) => {
        decodeVerdict(junk)
        const like = {
          ...alive,
          tag,
          parts: junk,
          listings: junk,
          news: junk,
          want: junk,
          seq: junk,
        }
        const decoded = decodeVerdict({ ...like, metadata: junk })
        assert.ok(decoded === undefined || decoded.tag === tag)
      },
    ),
  )
})

const anyMessage = fc.oneof(
  fc.record({
    tag: fc.constantFrom('probe', 'probeRequest', 'ack', 'nack', 'suspect', 'down', 'digest'),
    seq: fc.integer({ min: 0, max: 5 }),
    node: fc.constantFrom(...five, 'x@h'),
    by: fc.constantFrom(...five, 'x@h'),
    incarnation: fc.constantFrom(0, 1, wallStartMs, wallStartMs + 5),
    live: fc.nat(10),
    low: fc.nat(),
    high: fc.nat(),
  }),
  fc.record({
    tag: fc.constant('differ'),
    parts: fc.array(
      fc.record({
        path: fc.constantFrom('', '0', 'ab', 'abcdef0'),
        sums: fc.array(fc.nat(), { minLength: 32, maxLength: 32 }),
      }),
      { maxLength: 3 },
    ),
    listings: fc.array(
      fc.record({
        path: fc.constantFrom('', '0', 'abcdef01'),
        members: fc.array(fc.record({ node: fc.constantFrom(...five), incarnation: fc.nat() })),
      }),
      { maxLength: 3 },
    ),
  }),
)

test('any sequence of well-formed messages leaves a state within its bounds', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...five), anyMessage)), (all) => {
      const scene = meshed()
      let state = scene.states.get('b@h')
      for (const [from, term] of all) {
        const message = decodeVerdict(term)
        if (message === undefined || state === undefined) throw new Error('not decoded')
        const event = { tag: 'message', from, message } as const
        const [next, actions] = stepVerdict(state, event, scene.env('b@h'))
        assert.ok(actions.length < 100)
        state = next
      }
      assert.ok((state?.probes.size ?? 0) <= limits.verdictProbesMax)
      assert.ok((state?.relays.size ?? 0) <= 5 * limits.verdictRelaysPerPeerMax)
    }),
    { numRuns: 60 },
  )
})

test.run()
