/** What a watched machine tells of a step, also of those that take a hundred thousand events. */
import { stay, to } from '../../../../stdlib/index.ts'
import { type Input, step, unborn } from '../../../../stdlib/statem/engine.ts'
import { StatemEvent } from '../../../../stdlib/statem/event.ts'
import { settled, taken } from '../../../../stdlib/statem/watched.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('statem watched')

const shown = { state: 'a', data: null }

/** What is told of the outcome of one event, and of the steps before. */
function toldOf(outcome: unknown, postponedMax = 10, enters = false): unknown[] {
  const env = { has: () => true, enters: () => enters, postponedMax }
  const inputs: Input[] = [
    { tag: 'begin', outcome: to('a', null) },
    ...(enters ? [{ tag: 'returned', outcome: stay() } as const] : []),
    { tag: 'event', event: new StatemEvent('cast', 'act', 1, null) },
    { tag: 'returned', outcome },
  ]
  let machine = unborn
  const told: unknown[] = []
  for (const input of inputs) {
    const result = step(machine, input, env)
    const event = settled(machine, input, result, shown)
    if (event !== null) told.push(event.tag)
    machine = result[0]
  }
  return told
}

test('an event is told of when its transition has taken effect, once', () => {
  assert.equal(toldOf(stay()), ['consumed'])
  assert.equal(toldOf(to('b', null)), ['consumed'])
  assert.equal(toldOf(stay({ postpone: true })), ['postponed'])
  assert.equal(toldOf(to('b', null, { postpone: true })), ['postponed'])
})

test('nothing is told of a start, a state still being entered, or what could not be done', () => {
  assert.equal(toldOf(to('b', null), 10, true), [])
  assert.equal(toldOf('junk'), [])
  assert.equal(toldOf(stay({ postpone: true }), 0), [])
})

test('every kind of event has its message', () => {
  const of = (event: StatemEvent): unknown => {
    const told = taken(event, shown)
    return told.tag === 'in' ? told.message : told
  }
  assert.equal(of(new StatemEvent('info', '', 'hi', null)), { tag: 'info', message: 'hi' })
  assert.equal(of(new StatemEvent('internal', 'go', 1, null)), {
    tag: 'internal',
    op: 'go',
    arg: 1,
  })
  assert.equal(of(new StatemEvent('timeout', 'beat', 2, null)), {
    tag: 'timeout',
    op: 'beat',
    arg: 2,
  })
  assert.equal(of(new StatemEvent('stateTimeout', '', 3, null)), { tag: 'stateTimeout', arg: 3 })
  assert.equal(of(new StatemEvent('eventTimeout', '', 4, null)), { tag: 'eventTimeout', arg: 4 })
})

test.run()
