/** By which way a proxy sends, whatever happens to channels and dials meanwhile. */
import fc from 'fast-check'
import { limits } from '../../../../../src/limits.ts'
import { dialed, stepWay, unknownWay, type Way } from '../../../../../src/services/proxy/way.ts'
import { assert, suite } from '../../../../support/harness.ts'

const test = suite('way of a proxy')

test('over the channel when there is one, else it dials once and waits a while', () => {
  assert.equal(stepWay(unknownWay, true, 0), { way: unknownWay, send: 'direct', dial: false })
  const first = stepWay(unknownWay, false, 0)
  assert.is(first.send, 'wait')
  assert.ok(first.dial)
  const second = stepWay(first.way, false, limits.proxyDialPatienceMs - 1)
  assert.equal([second.send, second.dial], ['wait', false])
  const third = stepWay(second.way, false, limits.proxyDialPatienceMs)
  assert.equal([third.send, third.dial], ['relay', false])
  assert.is(stepWay(third.way, true, 5_000).send, 'direct')
})

test('a node that cannot be dialled is tried again in time, and nothing waits for that', () => {
  const way = dialed(false, 0)
  const soon = stepWay(way, false, limits.proxyDialAgainMs - 1)
  assert.equal([soon.send, soon.dial], ['relay', false])
  const later = stepWay(way, false, limits.proxyDialAgainMs)
  assert.equal([later.send, later.dial], ['relay', true])
  const meanwhile = stepWay(later.way, false, limits.proxyDialAgainMs + 1)
  assert.equal([meanwhile.send, meanwhile.dial], ['relay', false])
  assert.equal(dialed(true, 0), unknownWay)
})

test('one dial at a time, and nothing waits unless one is under way', () => {
  const events = fc.array(
    fc.oneof(
      fc.record({ tag: fc.constant('sending' as const), connected: fc.boolean() }),
      fc.record({ tag: fc.constant('dialed' as const), up: fc.boolean() }),
      fc.record({ tag: fc.constant('pass' as const), ms: fc.nat(15_000) }),
    ),
  )
  fc.assert(
    fc.property(events, (events) => {
      let way: Way = unknownWay
      let isDialing = false
      let nowMs = 0
      for (const event of events) {
        if (event.tag === 'pass') nowMs += event.ms
        else if (event.tag === 'sending') {
          const step = stepWay(way, event.connected, nowMs)
          way = step.way
          assert.not(step.dial && isDialing)
          isDialing ||= step.dial
          assert.is(step.send === 'direct', event.connected)
          assert.ok(step.send !== 'wait' || isDialing)
        } else if (isDialing) {
          way = dialed(event.up, nowMs)
          isDialing = false
        }
      }
    }),
    { numRuns: 500 },
  )
})

test.run()
