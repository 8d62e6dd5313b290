/** The table of timeouts: what is armed and disarmed, and which expiries count. */
import {
  expire,
  noTimeouts,
  passTransition,
  type TimeoutAction,
  type Timeouts,
  takeZero,
} from '../../../../stdlib/statem/timeouts.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('statem timeouts')

const after = (name: string, ms: number): TimeoutAction => ({
  tag: 'timeout',
  name,
  set: { tag: 'after', ms, arg: name },
})

function pass(timeouts: Timeouts, asked: readonly TimeoutAction[], changed = false) {
  return passTransition(timeouts, changed, asked)
}

test('F12 replacing one disarms it, and its expiry is told by its id', () => {
  const [first, armed] = pass(noTimeouts, [after('a', 5)])
  assert.equal(armed, [{ tag: 'arm', key: 'timeout a', id: 1, by: 'after', ms: 5 }])
  const [second, again] = pass(first, [after('a', 7)])
  assert.equal(again, [
    { tag: 'disarm', id: 1 },
    { tag: 'arm', key: 'timeout a', id: 2, by: 'after', ms: 7 },
  ])
  assert.is(expire(second, 'timeout a', 1), undefined)
  assert.is(expire(second, 'timeout b', 2), undefined)
  const expired = expire(second, 'timeout a', 2)
  assert.is(expired?.[1].op, 'a')
  assert.is(expired && expire(expired[0], 'timeout a', 2), undefined)
})

test('F11 a generic timeout named like another kind is a timeout of its own', () => {
  const [both] = pass(noTimeouts, [
    after('stateTimeout', 0),
    { tag: 'stateTimeout', name: '', set: { tag: 'after', ms: 0, arg: 'state' } },
  ])
  assert.is(both.zeros.length, 2)
  const [changed] = pass(both, [], true)
  assert.is(takeZero(changed)?.[1].tag, 'timeout')
})

test('F10 a transition without timeouts costs nothing and changes nothing', () => {
  assert.is(pass(noTimeouts, [], true)[0], noTimeouts)
})

test('F13 timeouts of 0 are taken in the order of their last setting', () => {
  const [three] = pass(noTimeouts, [after('a', 0), after('b', 0), after('a', 0)])
  const first = takeZero(three)
  assert.is(first?.[1].op, 'b')
  const second = first && takeZero(first[0])
  assert.is(second?.[1].op, 'a')
  assert.is(second && takeZero(second[0]), undefined)
})

test('F12 cancelling what does not run does nothing', () => {
  const [after_, actions] = pass(noTimeouts, [
    { tag: 'timeout', name: 'a', set: { tag: 'cancel' } },
  ])
  assert.is(after_.running.size, 0)
  assert.equal(actions, [])
})

test.run()
