/** Checkers that only see what they are shown: a planted story each, with its bug and without. */
import { assert, suite } from '../support/harness.ts'
import { broadcasts } from './checkers/broadcast.ts'
import { callOutcome } from './checkers/call-outcome.ts'
import type { MakeChecker } from './checkers/checker.ts'
import { durability } from './checkers/durability.ts'
import { memberLists } from './checkers/members.ts'
import { overlay } from './checkers/overlay.ts'
import type { Happening, HappeningOf } from './happening.ts'

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
  return { tag: 'boots', node: `${name}#${boot}`, name, disk, behind: false }
}
const crashed = (node: string): Happening => ({ tag: 'crashed', node })
const settled: Happening = { tag: 'settled' }

type View = HappeningOf<'view'>
const view = (node: string, ...active: string[]): View => {
  return { tag: 'view', node, active, passive: [], activeMax: 3, passiveMax: 2 }
}

test('overlay: symmetric and in one piece', () => {
  const ring = [view('a', 'b', 'c'), view('b', 'a', 'c'), view('c', 'a', 'b')]
  assert.equal(accusations(overlay, [...ring, settled]), [])
  assert.equal(accusations(overlay, [view('a'), settled]), [], 'a node alone')
  assert.equal(accusations(overlay, [view('a', 'b'), view('b', 'a', 'c'), view('c'), settled]), [
    'b has the peer c, not the reverse',
  ])
  assert.equal(accusations(overlay, [view('a', 'z#1'), settled]), [
    'a has the peer z#1, which does not live',
  ])
  const islands = [view('a', 'b'), view('b', 'a'), view('c', 'd'), view('d', 'c')]
  assert.equal(accusations(overlay, [...islands, settled]), ['no way from a to c d'])
})

test('overlay: views keep to their sizes, and hold a node once', () => {
  const fault = (changed: Partial<View>, ...others: readonly View[]): readonly string[] =>
    accusations(overlay, [{ ...view('a', 'b'), ...changed }, view('b', 'a'), ...others, settled])
  assert.equal(fault({}), [])
  assert.equal(fault({ active: ['b', 'b'] }), ['a has a peer twice'])
  assert.equal(fault({ activeMax: 0 }), ['a has 1 of 0 peers'])
  assert.equal(fault({ passive: ['c', 'd', 'e'] }), ['a has 3 of 2 spares'])
  assert.equal(fault({ passive: ['c', 'c'] }), ['a has a spare twice'])
  assert.equal(fault({ passive: ['b'] }), ['a has b in both views'])
  assert.equal(fault({ passive: ['a'] }), ['a has itself in a view'])
})

test('overlay: nobody owes a way to a node that lost its key', () => {
  const story = [boots('a'), boots('b'), boots('c', 2, 'blank')]
  const views = [view('a#1', 'b#1'), view('b#1', 'a#1'), view('c#2')]
  assert.equal(accusations(overlay, [...story, ...views, settled]), [])
  assert.equal(accusations(overlay, [...views, settled]), ['no way from a#1 to c#2'])
})

const listens = (node: string): Happening => ({ tag: 'listens', node })
const sends = (id: string, node: string): Happening => ({ tag: 'broadcast', id, node })
const gets = (id: string, node: string): Happening => ({ tag: 'delivered', id, node })
const lapse = (node: string): Happening => ({ tag: 'resync', node, source: 'broadcast' })

test('broadcast: to every survivor, exactly once', () => {
  const abc = [listens('a#1'), listens('b#1'), listens('c#1'), sends('m', 'a#1')]
  const all = [gets('m', 'a#1'), gets('m', 'b#1'), gets('m', 'c#1')]
  assert.equal(accusations(broadcasts, [...abc, ...all, settled]), [])
  assert.equal(accusations(broadcasts, [...abc, ...all.slice(0, 2), settled]), [
    'm of a#1 never reached c#1',
  ])
  assert.equal(accusations(broadcasts, [...abc, ...all, gets('m', 'b#1'), settled]), [
    'b#1 delivered m twice',
  ])
  assert.equal(accusations(broadcasts, [listens('a#1'), gets('x', 'a#1')]), [
    'a#1 delivered x, which nobody broadcast',
  ])
})

test('broadcast: the dead and those who came later are owed nothing', () => {
  const story = [listens('a#1'), listens('b#1'), listens('c#1'), sends('m', 'a#1')]
  const later = [crashed('b#1'), listens('b#2'), gets('m', 'c#1'), gets('m', 'a#1')]
  assert.equal(accusations(broadcasts, [...story, ...later, settled]), [])
  const dead = [...story, gets('m', 'a#1'), crashed('a#1'), settled]
  assert.equal(accusations(broadcasts, dead), [], 'its origin died')
  const unsent: Happening = { tag: 'unsent', id: 'm', node: 'a#1' }
  assert.equal(accusations(broadcasts, [...story, unsent, settled]), [])
  const stranger = [boots('b', 2, 'blank'), listens('b#2'), sends('n', 'a#1'), gets('n', 'a#1')]
  const known = [listens('a#1'), ...stranger]
  assert.equal(accusations(broadcasts, [...known, settled]), [], 'a stranger')
  assert.equal(accusations(broadcasts, [...known, listens('c#1'), sends('o', 'b#2'), settled]), [])
})

test('broadcast: who lost its memory may get it again, once, and is owed nothing', () => {
  const story = [listens('a#1'), listens('b#1'), sends('m', 'a#1'), gets('m', 'a#1')]
  const again = [...story, gets('m', 'b#1'), lapse('b#1'), gets('m', 'b#1')]
  assert.equal(accusations(broadcasts, [...again, settled]), [])
  assert.equal(accusations(broadcasts, [...again, gets('m', 'b#1'), settled]), [
    'b#1 delivered m twice',
  ])
  assert.equal(accusations(broadcasts, [...story, lapse('b#1'), settled]), [])
  assert.equal(accusations(broadcasts, [...story, lapse('a#1'), settled]), [], 'its origin did')
})

const lists = (node: string, ...members: readonly (readonly [string, string])[]): Happening => {
  return { tag: 'listed', node, members: members.map(([of, state]) => ({ node: of, state })) }
}
const down = (at: string, of: string, reason: string): Happening => {
  return { tag: 'memberDown', at, of, reason }
}

test('members: all lists name who lives as up, and nobody else', () => {
  const ab = [boots('a'), boots('b')]
  const [upA, upB] = [
    ['a#1', 'up'],
    ['b#1', 'up'],
  ] as const
  assert.equal(accusations(memberLists, [...ab, lists('a#1', upA, upB), settled]), [])
  assert.equal(accusations(memberLists, [...ab, lists('a#1', upA), settled]), [
    'a#1 lists b#1 as nothing',
  ])
  assert.equal(accusations(memberLists, [...ab, lists('a#1', upA, ['b#1', 'suspect']), settled]), [
    'a#1 lists b#1 as suspect',
  ])
  const again = [...ab, crashed('b#1'), boots('b', 2)]
  assert.equal(accusations(memberLists, [...again, lists('a#1', upA, upB), settled]), [
    'a#1 lists b#2 as nothing',
    'a#1 lists b#1 as up; it does not live',
  ])
  const dead = [...ab, crashed('b#1')]
  assert.equal(accusations(memberLists, [...dead, lists('a#1', upA, ['b#1', 'down']), settled]), [])
  assert.equal(accusations(memberLists, [...dead, lists('a#1', upA, upB), settled]), [
    'a#1 lists b#1 as up; it does not live',
  ])
})

test('members: nobody is said to have left, restarted or gone down who has not', () => {
  const ab = [boots('a'), boots('b')]
  const calm: Happening = { tag: 'calm' }
  const left = down('a#1', 'b#1', 'left')
  assert.equal(accusations(memberLists, [...ab, left]), ['a#1 was told that b#1 left; it lives'])
  assert.equal(accusations(memberLists, [...ab, { tag: 'stops', node: 'b#1' }, left]), [])
  assert.equal(accusations(memberLists, [...ab, down('a#1', 'b#1', 'restarted')]), [
    'a#1 was told that b#1 was started again; it lives',
  ])
  const late: Happening = { tag: 'boots', node: 'b#2', name: 'b', disk: 'kept', behind: true }
  assert.equal(accusations(memberLists, [...ab, late, down('a#1', 'b#2', 'restarted')]), [])
  const lost = down('a#1', 'b#1', 'unreachable')
  assert.equal(accusations(memberLists, [...ab, lost]), [], 'it may have been')
  assert.equal(accusations(memberLists, [...ab, calm, lost]), [
    'a#1 was told that b#1 is down; it lives and all was well',
  ])
  assert.equal(accusations(memberLists, [...ab, calm, crashed('b#1'), lost]), [])
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
