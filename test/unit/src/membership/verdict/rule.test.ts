/** From the lost channel to `memberDown`; refutation, local health, leaving, returning. */

import { entryOf } from '../../../../../src/membership/verdict/table.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { Scene, wallStartMs } from './scene.ts'

const test = suite('membership verdict: rule')

const five = ['a@h', 'b@h', 'c@h', 'd@h', 'e@h']
/** alpha * log10(5), at least alpha, probe intervals. */
const leastMs = 5_000
const probeMs = 1_000

function meshed(nodes = five, options = {}): Scene {
  const scene = new Scene(options)
  for (const node of nodes) scene.start(node)
  scene.mesh(nodes)
  scene.run(100)
  return scene
}

const up = (nodes: readonly string[]): string[] => nodes.map((node) => `${node}: up`)

test('nodes that meet know each other, with what each says of itself', () => {
  const scene = meshed()
  for (const node of five) assert.equal(scene.members(node), up(five))
  assert.is(scene.told('memberUp').length, 20, 'each is told once of each other')
  const known = entryOf(scene.states.get('a@h')?.table, 'e@h')
  assert.equal(known?.authored, scene.states.get('e@h')?.own)
  assert.ok(known?.firstHand)
})

test('a node that is gone is down for everybody once its suspicion has run out, once', () => {
  const scene = meshed()
  scene.cutOff.add('e@h')
  for (const node of five.slice(0, 4)) scene.lose(node, 'e@h')
  scene.run(probeMs - 1)
  assert.equal(scene.told('memberSuspect'), [], 'probes are waited for')
  scene.run(10)
  assert.is(scene.told('memberSuspect').length, 4)
  assert.equal(scene.told('memberDown'), [])
  scene.run(leastMs + 10)
  assert.equal(
    scene.told('memberDown').sort(),
    five.slice(0, 4).map((node) => `${node} memberDown e@h unreachable`),
  )
  scene.run(200_000)
  assert.is(scene.told('memberDown').length, 4)
})

test('one that nobody but us has lost is reached through others: no suspicion', () => {
  const scene = meshed()
  scene.lose('a@h', 'e@h')
  scene.run(60_000)
  assert.equal(scene.told('memberSuspect'), [])
  assert.ok(scene.told('probe').length > 0)
})

test('some who hear of a suspicion probe for themselves, and confirm it or end it', () => {
  const nodes = Array.from({ length: 40 }, (_, at) => `n${at + 10}@h`)
  const [first = '', second = '', last = ''] = [nodes[0], nodes[1], nodes[39]]
  const scene = new Scene()
  for (const node of nodes) scene.start(node)
  for (const [at, node] of nodes.entries()) scene.link(node, nodes[(at + 1) % 40] ?? '')
  scene.run(1_000)
  scene.actions.length = 0
  scene.cutOff.add(last)
  scene.lose(first, last)
  scene.run(probeMs + 5_000 * Math.log10(40) + 3_000)
  const accused = scene.actions.filter(({ node, action }) => {
    return node !== last && action.tag === 'broadcast' && action.news.tag === 'suspect'
  })
  assert.ok(accused.length >= 4 && accused.length <= 14, `${accused.length} accusers`)
  assert.ok(scene.told('memberDown').includes(`${second} memberDown ${last} unreachable`))
})

test('suspicions that few confirm last longer', () => {
  const many = meshed(['a@h', 'b@h', 'c@h', 'd@h', 'e@h', 'f@h'], { verifiers: 0 })
  many.cutOff.add('f@h')
  many.lose('a@h', 'f@h')
  many.run(probeMs + 6 * leastMs - 100)
  assert.equal(many.told('memberDown'), [], 'nobody confirmed it')
  many.run(1_000)
  assert.equal(many.told('memberDown'), ['a@h memberDown f@h unreachable'])
})

test('a suspected node that hears of it refutes, and stays up', () => {
  const scene = meshed()
  const incarnation = scene.states.get('e@h')?.own.incarnation ?? 0
  const news = { tag: 'suspect', node: 'e@h', incarnation, by: 'a@h' } as const
  for (const node of five.slice(1)) scene.tell(node, { tag: 'news', from: 'a@h', news })
  scene.run(60_000)
  assert.equal(scene.told('memberDown'), [])
  assert.is(scene.told('refute').length, 1)
  for (const node of five) assert.equal(scene.members(node), up(five))
  assert.is(scene.states.get('e@h')?.own.incarnation, incarnation + 1)
})

test('a node that was down and comes back is up again by its own word only', () => {
  const scene = meshed()
  scene.cutOff.add('e@h')
  for (const node of five.slice(0, 4)) scene.lose(node, 'e@h')
  scene.run(60_000)
  assert.is(scene.members('a@h').at(-1), 'e@h: down')
  scene.cutOff.delete('e@h')
  scene.link('a@h', 'e@h')
  scene.run(20_000)
  for (const node of five) assert.equal(scene.members(node), up(five))
  assert.is(scene.told('memberUp e@h').length, 8)
})

test('started again it is down as it was and up as it is', () => {
  const scene = meshed()
  scene.start('e@h', 2, wallStartMs + 50)
  scene.log.length = 0
  scene.lose('a@h', 'e@h')
  scene.link('a@h', 'e@h')
  scene.run(100)
  assert.ok(scene.told('memberDown').includes('b@h memberDown e@h restarted'))
  assert.ok(scene.told('memberUp').includes('b@h memberUp e@h'))
})

test('started again with a clock set back, it learns its former incarnation and passes it', () => {
  const scene = meshed()
  scene.start('e@h', 2, wallStartMs - 600_000)
  scene.lose('a@h', 'e@h')
  scene.link('a@h', 'e@h')
  scene.run(1_000)
  assert.ok((scene.states.get('e@h')?.own.incarnation ?? 0) > wallStartMs)
  assert.ok(scene.told('memberDown').includes('b@h memberDown e@h restarted'))
  for (const node of five) assert.equal(scene.members(node), up(five))
})

test('who leaves is down at once and without suspicion, and stays so', () => {
  const scene = meshed()
  scene.tell('e@h', { tag: 'leave' })
  scene.run(10)
  scene.cutOff.add('e@h')
  for (const node of five.slice(0, 4)) scene.lose(node, 'e@h')
  scene.run(60_000)
  assert.is(scene.told('memberDown').length, 4)
  assert.ok(scene.told('memberDown').every((line) => line.endsWith('left')))
  assert.equal(scene.told('memberSuspect'), [])
  assert.is(scene.members('a@h').at(-1), 'e@h: left')
})

test('who left may come back in the same life', () => {
  const scene = meshed()
  scene.tell('e@h', { tag: 'leave' })
  scene.run(10)
  for (const node of five.slice(0, 4)) scene.tell(node, { tag: 'peerDropped', node: 'e@h' })
  scene.run(60_000)
  scene.tell('e@h', { tag: 'start' })
  scene.link('a@h', 'e@h')
  scene.run(1_000)
  for (const node of five) assert.equal(scene.members(node), up(five))
})

test('what a node says of itself reaches everybody, and only its last word stands', () => {
  const scene = meshed()
  scene.tell('e@h', { tag: 'describe', metadata: { zone: 'x' } })
  scene.tell('e@h', { tag: 'describe', version: '2', metadata: { zone: 'y' } })
  scene.run(10)
  assert.ok(scene.told('memberUpdated').includes('a@h memberUpdated e@h'))
  const known = entryOf(scene.states.get('a@h')?.table, 'e@h')?.authored
  assert.equal([known?.version, known?.metadata], ['2', { zone: 'y' }])
})

test('what a node says of itself is refused when it is too much, naming the field', () => {
  const scene = meshed()
  const describe = (change: { version?: string; metadata?: Record<string, string> }): void =>
    scene.tell('a@h', { tag: 'describe', ...change })
  assert.throws(() => describe({ version: 'v'.repeat(65) }), /^version: .*64 characters, got "vvv/)
  assert.throws(() => describe({ metadata: { a: 'x'.repeat(1_024) } }), /^metadata: must be/)
  describe({ metadata: { a: 'x'.repeat(1_023) } })
})

test('time in which our own loop stood still counts against nobody', () => {
  for (const localHealth of [true, false]) {
    const scene = meshed(five, { localHealth })
    scene.cutOff.add('a@h')
    scene.lose('a@h', 'e@h')
    // From here on a@h runs only at the end of a long block: its timers come first, and late.
    for (const peer of five.slice(1)) scene.tell('a@h', { tag: 'peerLost', node: peer })
    const { nowMs } = scene
    scene.nowMs = nowMs + 20_000
    const timer = { tag: 'probe', node: 'e@h', dueMs: nowMs + probeMs } as const
    scene.tell('a@h', { tag: 'timer', timer })
    const suspects = scene.told('memberSuspect').filter((line) => line.startsWith('a@h'))
    assert.is(suspects.length, localHealth ? 0 : 1)
    if (!localHealth) continue
    assert.is(scene.states.get('a@h')?.health.score, 8)
    assert.is(scene.states.get('a@h')?.health.absentMs, 19_000)
    scene.tell('a@h', { tag: 'lag', lateMs: 19_500 })
    assert.is(scene.states.get('a@h')?.health.absentMs, 19_000, 'the same block counts once')
    for (let seconds = 0; seconds < 20; seconds++) {
      scene.nowMs += 1_000
      scene.tell('a@h', { tag: 'lag', lateMs: 2 })
    }
    assert.is(scene.states.get('a@h')?.health.score, 0, 'it recovers')
  }
})

test('what is left of a suspicion by rounding is not waited for', () => {
  const scene = meshed()
  scene.cutOff.add('e@h')
  for (const node of five.slice(0, 4)) scene.lose(node, 'e@h')
  for (const lateMs of [100.1, 133.7, 250.3]) {
    scene.run(300.7)
    for (const node of five.slice(0, 4)) scene.tell(node, { tag: 'lag', lateMs })
  }
  scene.run(30_000)
  assert.is(scene.told('memberDown').length, 4)
  const timers = scene.actions.filter(({ action }) => {
    return action.tag === 'setTimer' && action.timer.tag === 'suspicion'
  })
  assert.ok(timers.length < 40, `${timers.length} timers for four suspicions`)
})

test('a node that hears another itself gives no verdict on it, and tells it what is said', () => {
  const scene = meshed()
  const incarnation = scene.states.get('e@h')?.own.incarnation ?? 0
  const news = { tag: 'down', node: 'e@h', incarnation, by: 'd@h' } as const
  scene.actions.length = 0
  scene.tell('a@h', { tag: 'news', from: 'd@h', news })
  const told = scene.actions.filter(({ action }) => action.tag === 'send' && action.to === 'e@h')
  assert.is(told.length, 1, 'the buddy')
  scene.cutOff.add('e@h')
  scene.run(100_000)
  assert.equal(scene.told('memberDown'), [])
})

test('nodes that went down together with all who watched them are found by the audit', () => {
  const scene = meshed(five, { auditPeriodMs: 10_000 })
  scene.start('x@h')
  scene.link('d@h', 'x@h')
  scene.run(100)
  for (const node of ['d@h', 'x@h']) scene.cutOff.add(node)
  for (const node of ['a@h', 'b@h', 'c@h', 'e@h']) scene.lose(node, 'd@h')
  scene.run(200_000)
  assert.is(scene.told('memberDown x@h').length, 4)
})

test('old entries are forgotten but for a mark, which old news cannot pass', () => {
  const scene = meshed(five, { forgetAfterMs: 100_000 })
  const old = scene.states.get('e@h')?.own
  assert.ok(old !== undefined)
  scene.cutOff.add('e@h')
  for (const node of five.slice(0, 4)) scene.lose(node, 'e@h')
  scene.run(300_000)
  assert.equal(scene.members('a@h'), up(five.slice(0, 4)))
  assert.is(scene.states.get('a@h')?.marks, 1)
  scene.log.length = 0
  const news = { tag: 'alive', node: 'e@h', ...old } as const
  scene.tell('a@h', { tag: 'news', from: 'b@h', news })
  assert.equal(scene.members('a@h'), up(five.slice(0, 4)))
  assert.is(scene.told('stale').length, 1)
  const newer = { ...news, incarnation: old.incarnation + 1 }
  scene.tell('a@h', { tag: 'news', from: 'b@h', news: newer })
  assert.is(scene.members('a@h').length, 5, 'its own later word does')
})

test('a suspicion that was under way when the node left ends once it is back', () => {
  const scene = new Scene()
  for (const node of ['a@h', 'b@h']) scene.start(node)
  scene.mesh(['a@h', 'b@h'])
  scene.run(100)
  scene.cutOff.add('a@h')
  scene.lose('a@h', 'b@h')
  scene.run(2_500)
  assert.equal(scene.members('b@h'), ['a@h: suspect', 'b@h: up'])
  scene.tell('b@h', { tag: 'leave' })
  scene.run(600_000)
  scene.tell('b@h', { tag: 'start' })
  assert.equal(scene.members('b@h'), ['a@h: suspect', 'b@h: up'], 'it may answer yet')
  scene.run(60_000)
  assert.equal(scene.members('b@h'), ['a@h: down', 'b@h: up'])
})

test('a probe that was in vain says nothing of the life that began meanwhile', () => {
  const scene = new Scene()
  const nodes = ['a@h', 'b@h', 'c@h']
  for (const node of nodes) scene.start(node)
  scene.mesh(nodes)
  scene.run(100)
  scene.cutOff.add('c@h')
  scene.lose('a@h', 'c@h')
  scene.run(900)
  scene.cutOff.delete('c@h')
  scene.start('c@h', 2, wallStartMs + scene.nowMs)
  const own = scene.states.get('c@h')?.own
  assert.ok(own !== undefined)
  const news = { tag: 'alive', node: 'c@h', ...own } as const
  scene.tell('a@h', { tag: 'news', from: 'b@h', news })
  scene.log.length = 0
  scene.run(5_000)
  assert.equal(scene.told('memberSuspect'), [])
  assert.equal(scene.states.get('a@h')?.probes, new Map())
})

test('what others ask of a node that has left is done with when it is back', () => {
  const scene = new Scene()
  const nodes = ['a@h', 'b@h', 'c@h']
  for (const node of nodes) scene.start(node)
  scene.mesh(nodes)
  scene.run(100)
  scene.tell('b@h', { tag: 'leave' })
  scene.cutOff.add('c@h')
  const ask = (seq: number): void =>
    scene.tell('b@h', {
      tag: 'message',
      from: 'a@h',
      message: { tag: 'probeRequest', seq, node: 'c@h' },
    })
  for (let seq = 0; seq < 100; seq++) ask(seq)
  scene.run(10_000)
  scene.tell('b@h', { tag: 'start' })
  scene.actions.length = 0
  ask(200)
  assert.ok(scene.actions.some(({ node, action }) => node === 'b@h' && action.tag === 'connect'))
})

test.run()
