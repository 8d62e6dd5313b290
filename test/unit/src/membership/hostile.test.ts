/**
 * The rule under a world that keeps to no protocol: any events in any order, timers out of turn,
 * channels that come and go unasked. The invariants hold after each of them (`lone.ts` checks), an
 * up is followed by a down and not by an up, and the state does not grow.
 */
import fc from 'fast-check'
import type { MembershipAction } from '../../../../src/membership/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { anyEvent, anyOptions } from './arbitrary.ts'
import { Lone, self } from './lone.ts'

const test = suite('membership hostile')

test('the invariants hold whatever happens', () => {
  const steps = fc.array(fc.tuple(anyEvent, fc.nat({ max: 60_000 })), { maxLength: 120 })
  fc.assert(
    fc.property(anyOptions, steps, fc.nat(), (options, events, seed) => {
      const node = new Lone(options, { seed })
      const up = new Set<string>()
      for (const [event, waitMs] of events) {
        node.nowMs += waitMs
        const set = event.tag === 'timer' ? node.timers.get(keyOf(event.timer)) : undefined
        if (set !== undefined) node.fire(keyOf(set.timer))
        else if (event.tag === 'timer' && 'node' in event.timer) continue
        else node.step(event)
        checkAnnounced(node, up)
        checkAddressees(node.last)
      }
    }),
    { numRuns: 1_000 },
  )
})

test('what is under way is over by its time, whatever the world did', () => {
  const steps = fc.array(anyEvent, { minLength: 20, maxLength: 80 })
  fc.assert(
    fc.property(anyOptions, steps, fc.nat(), (options, events, seed) => {
      const node = new Lone({ ...options, contactNodes: [], lostMax: 0 }, { seed })
      for (const event of events) if (event.tag !== 'timer') node.step(event)
      node.step({ tag: 'leave' })
      assert.equal(node.pending, [])
      assert.equal(node.state.failed, [])
      assert.equal([...node.timers.keys()], [])
    }),
  )
})

test('the same events from the same seed give the same actions', () => {
  const steps = fc.array(anyEvent, { maxLength: 60 })
  fc.assert(
    fc.property(anyOptions, steps, fc.nat(), (options, events, seed) => {
      const run = () => {
        const node = new Lone(options, { seed })
        const untimed = events.filter((event) => event.tag !== 'timer')
        return untimed.flatMap((event) => node.step(event).last)
      }
      assert.equal(run(), run())
    }),
    { numRuns: 50 },
  )
})

test('a step leaves the state it was given as it was', () => {
  const steps = fc.array(anyEvent, { maxLength: 60 })
  fc.assert(
    fc.property(anyOptions, steps, (options, events) => {
      const node = new Lone(options)
      for (const event of events) {
        if (event.tag === 'timer') continue
        const before = node.state
        const shown = JSON.stringify(before)
        node.step(event)
        assert.is(JSON.stringify(before), shown)
      }
    }),
    { numRuns: 50 },
  )
})

function keyOf(timer: { readonly tag: string; readonly node?: string }): string {
  return timer.node === undefined ? timer.tag : `${timer.tag} ${timer.node}`
}

function checkAnnounced(node: Lone, up: Set<string>): void {
  for (const action of node.last) {
    if (action.tag === 'up') {
      assert.not(up.has(action.node), 'up twice')
      up.add(action.node)
    } else if (action.tag === 'down') assert.ok(up.delete(action.node), 'down, never up')
  }
  assert.equal([...up].sort(), [...node.active].sort())
}

/** Nothing is sent to oneself, and nobody is dialled twice at once. */
function checkAddressees(actions: readonly MembershipAction[]): void {
  const dialled = actions.flatMap((action) => (action.tag === 'connect' ? [action.node] : []))
  assert.is(new Set(dialled).size, dialled.length)
  assert.not(dialled.includes(self))
  for (const action of actions) if (action.tag === 'send') assert.is.not(action.to, self)
}

test.run()
