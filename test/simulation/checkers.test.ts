/** Checkers that only see what they are shown: a planted story each, with its bug and without. */
import { assert, suite } from '../support/harness.ts'
import { broadcasts } from './checkers/broadcast.ts'
import { callOutcome } from './checkers/call-outcome.ts'
import type { MakeChecker } from './checkers/checker.ts'
import { durability } from './checkers/durability.ts'
import { overlay } from './checkers/overlay.ts'
import type { Happening } from './happening.ts'

const test = suite('checkers')

function accusations(make: MakeChecker, story: readonly Happening[]): readonly string[] {
  const found: string[] = []
  const facts = { nowMs: 0, isDead: () => false, reasonOf: () => undefined }
  const checker = make(facts, (message) => found.push(message))
  for (const happening of story) checker.see(happening)
  checker.finish()
  return found
}

const boots = (name: string, boot = 1, disk: 'kept' | 'blank' = 'kept'): Happening => {
  return { tag: 'boots', node: `${name}#${boot}`, name, disk }
}
const crashed = (node: string): Happening => ({ tag: 'crashed', node })
const settled: Happening = { tag: 'settled' }

const view = (node: string, ...active: string[]): Happening => ({ tag: 'view', node, active })

test('overlay: symmetric and in one piece', () => {
  const ring = [view('a', 'b', 'c'), view('b', 'a', 'c'), view('c', 'a', 'b')]
  assert.equal(accusations(overlay, [...ring, settled]), [])
  assert.equal(accusations(overlay, [view('a'), settled]), [], 'a node alone')
  assert.equal(accusations(overlay, [view('a', 'b'), view('b', 'a', 'c'), view('c'), settled]), [
    'b has the peer c, not the reverse',
  ])
  assert.equal(accusations(overlay, [view('a', 'b', 'b'), view('b', 'a'), settled]), [
    'a has a peer twice',
  ])
  assert.equal(accusations(overlay, [view('a', 'z#1'), settled]), [
    'a has the peer z#1, which does not live',
  ])
  const islands = [view('a', 'b'), view('b', 'a'), view('c', 'd'), view('d', 'c')]
  assert.equal(accusations(overlay, [...islands, settled]), ['no way from a to c d'])
})

const sends = (id: string, node: string): Happening => ({ tag: 'broadcast', id, node })
const gets = (id: string, node: string): Happening => ({ tag: 'delivered', id, node })

test('broadcast: to every survivor, exactly once', () => {
  const abc = [boots('a'), boots('b'), boots('c'), sends('m', 'a#1')]
  const all = [gets('m', 'a#1'), gets('m', 'b#1'), gets('m', 'c#1')]
  assert.equal(accusations(broadcasts, [...abc, ...all, settled]), [])
  assert.equal(accusations(broadcasts, [...abc, ...all.slice(0, 2), settled]), [
    'm of a#1 never reached c#1',
  ])
  assert.equal(accusations(broadcasts, [...abc, ...all, gets('m', 'b#1'), settled]), [
    'b#1 delivered m twice',
  ])
  assert.equal(accusations(broadcasts, [boots('a'), gets('x', 'a#1')]), [
    'a#1 delivered x, which nobody broadcast',
  ])
})

test('broadcast: the dead and those who came later are owed nothing', () => {
  const story = [boots('a'), boots('b'), boots('c'), sends('m', 'a#1'), gets('m', 'a#1')]
  const later = [crashed('b#1'), boots('b', 2), gets('m', 'c#1')]
  assert.equal(accusations(broadcasts, [...story, ...later, settled]), [])
  assert.equal(accusations(broadcasts, [...story, crashed('a#1'), settled]), [], 'its origin died')
})

const storing = (n: number | null, file = 0): Happening => ({ tag: 'storing', node: 'a', file, n })
const stored = (n: number | null, file = 0): Happening => ({ tag: 'stored', node: 'a', file, n })
const found = (n: number | null, file = 0): Happening => ({ tag: 'found', node: 'a', file, n })

test('durability: what was confirmed, or what was on its way, whole', () => {
  const first = [boots('a'), storing(1), stored(1)]
  const again = boots('a', 2)
  assert.equal(accusations(durability, [...first, again, found(1)]), [])
  assert.equal(accusations(durability, [...first, storing(2), again, found(2)]), [])
  assert.equal(accusations(durability, [...first, storing(2), again, found(1)]), [])
  assert.equal(accusations(durability, [...first, again, found(null)]), [
    'file 0 of a holds nothing, expected 1',
  ])
  const second = [...first, storing(2), stored(2)]
  assert.equal(accusations(durability, [...second, again, found(1)]), [
    'file 0 of a holds 1, expected 2',
  ])
  assert.equal(accusations(durability, [...first, storing(2), again, found(-1)]), [
    'file 0 of a holds a part of something, expected 1 or 2',
  ])
  assert.equal(accusations(durability, [...first, boots('a', 2, 'blank'), found(null)]), [])
})

test('durability: a removal holds once a later write has succeeded', () => {
  const gone = [boots('a'), storing(1), stored(1), storing(null), stored(null)]
  const again = boots('a', 2)
  assert.equal(accusations(durability, [...gone, again, found(1)]), [])
  assert.equal(accusations(durability, [...gone, again, found(null)]), [])
  const held = [...gone, storing(2), storing(3, 1), stored(3, 1), again]
  assert.equal(accusations(durability, [...held, found(null)]), [])
  assert.equal(accusations(durability, [...held, found(2)]), [])
  assert.equal(accusations(durability, [...held, found(1)]), [
    'file 0 of a holds 1, expected nothing or 2',
  ])
})

test('call-outcome: a timeout is judged by the clock of the caller, and by what held it up', () => {
  const timedOut = (clockMs: number, stalledMs: number): readonly string[] => {
    const at = { clockMs: 1_000, stalledMs: 500 }
    return accusations(callOutcome, [
      { tag: 'callBegun', id: 1, caller: 'p', timeoutMs: 320, to: null, at },
      {
        tag: 'callEnded',
        id: 1,
        outcome: '"timeout"',
        answers: null,
        at: { clockMs: 1_000 + clockMs, stalledMs: 500 + stalledMs },
      },
    ])
  }
  assert.equal(timedOut(320, 0), [])
  assert.equal(timedOut(334, 0), [], 'as late as timers may be')
  assert.equal(timedOut(319, 0), ['call 1: timed out after 319 of 320 ms'])
  assert.equal(timedOut(400, 0), ['call 1: timed out after 400 of 320 ms'])
  assert.equal(timedOut(400, 100), [], 'the machine stood still')
  assert.equal(timedOut(319, 100), ['call 1: timed out after 319 of 320 ms'])
})

test.run()
