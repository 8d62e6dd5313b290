/** The pure half of an event manager: verdicts over outcomes, and who may be installed. */

import { handler } from '../../../../stdlib/event/handler.ts'
import { remove, removeReply, swap, swapReply } from '../../../../stdlib/event/outcome.ts'
import {
  begun,
  find,
  type Handlers,
  reasonTold,
  refusal,
  replaced,
  verdictOf,
  verdictOfCall,
  without,
} from '../../../../stdlib/event/rule.ts'
import { eventHandler } from '../../../../stdlib/gen-event.ts'
import { next, reply, stop } from '../../../../stdlib/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('event rule')

const kind = eventHandler<null>('a')({ init: () => 0, event: (state) => next(state) })
const to = handler(kind)
const returned = (value: unknown) => ({ tag: 'returned', value }) as const
const failed = { tag: 'failed', reason: 'broken' } as const
const broken = { tag: 'remove', state: 'old', why: { tag: 'error', reason: 'broken' } }

const bad = (got: string) => ({
  tag: 'remove',
  state: 'old',
  why: { tag: 'error', reason: { tag: 'badReturnValue', got } },
})

test('after an event: keep, remove, swap, or out', () => {
  const verdict = (value: unknown) => verdictOf('old', returned(value))
  assert.equal(verdict(next('new')), { tag: 'keep', state: 'new' })
  assert.equal(verdict(remove('new')), { tag: 'remove', state: 'new', why: { tag: 'remove' } })
  assert.equal(verdict(swap('new', to, 1)), { tag: 'swap', state: 'new', to, arg: 1 })
  assert.equal(verdictOf('old', failed), broken)
})

test('after an event: anything else is a bad return', () => {
  const verdict = (value: unknown) => verdictOf('old', returned(value))
  assert.equal(verdict(undefined), bad('undefined'))
  assert.equal(verdict('ok'), bad('"ok"'))
  assert.equal(verdict(reply(1, 'new')), bad('Reply'))
  assert.equal(verdict(removeReply(1, 'new')), bad('RemoveReply'))
  assert.equal(verdict(stop('normal', 'new')), bad('Stop'))
  assert.equal(verdict(next('new', { timeoutMs: 1 })), bad('Next with options'))
})

test('after a call: the answer, and what becomes of the handler', () => {
  const verdict = (value: unknown) => verdictOfCall('old', returned(value))
  const one = { tag: 'ok', value: 1 }
  assert.equal(verdict(reply(1, 'new')), [{ tag: 'keep', state: 'new' }, one])
  const removal = { tag: 'remove', state: 'new', why: { tag: 'remove' } }
  assert.equal(verdict(removeReply(1, 'new')), [removal, one])
  assert.equal(verdict(swapReply(1, 'new', to)), [
    { tag: 'swap', state: 'new', to, arg: undefined },
    one,
  ])
  assert.equal(verdictOfCall('old', failed), [broken, { tag: 'error', reason: 'broken' }])
  for (const value of [next('new'), remove('new'), swap('new', to), null]) {
    const [after, answer] = verdict(value)
    assert.is(after.tag, 'remove')
    assert.is(answer.tag, 'error')
  }
  const [late] = verdict(reply(1, 'new', { continue: 1 }))
  assert.equal(late, bad('Reply with options'))
})

test('after init: a state, a refusal, or a failure', () => {
  assert.equal(begun(returned(5)), { tag: 'ok', state: 5 })
  assert.equal(begun(returned(undefined)), { tag: 'ok', state: undefined })
  assert.equal(begun(returned(next(5))), { tag: 'ok', state: 5 })
  assert.equal(begun(returned(stop('no'))), { tag: 'error', reason: 'no' })
  assert.equal(begun(failed), { tag: 'error', reason: 'broken' })
  for (const value of [remove(1), reply(1, 1), next(1, { timeoutMs: 1 })]) {
    assert.is(begun(returned(value)).tag, 'error')
  }
})

const id = (name: string | null) => ({ module: 'a', id: name })

const list = (...names: readonly string[]): Handlers =>
  names.map((name) => ({ handler: kind, id: id(name), state: 0, owner: null }))

const known = new Map([['a', kind]])

test('one module and id is installed once, up to the limit', () => {
  const handlers = list('x', 'y')
  assert.is(refusal(handlers, id('z'), known, 3), undefined)
  assert.is(refusal(handlers, id(null), known, 3), undefined)
  assert.is(refusal(handlers, id('x'), known, 3), 'alreadyInstalled')
  const full = { tag: 'systemLimit', limit: 'eventHandlers', max: 2 }
  assert.equal(refusal(handlers, id('z'), known, 2), full)
  const unknown = { tag: 'unknownHandler', module: 'b' }
  assert.equal(refusal(handlers, { module: 'b', id: null }, known, 3), unknown)
})

test('a place that is given up counts neither as taken nor towards the limit', () => {
  const handlers = list('x', 'y')
  assert.is(refusal(handlers, id('x'), known, 2, id('x')), undefined)
  assert.is(refusal(handlers, id('z'), known, 2, id('x')), undefined)
  assert.is(refusal(handlers, id('y'), known, 2, id('x')), 'alreadyInstalled')
})

test('the list keeps its order', () => {
  const handlers = list('x', 'y', 'z')
  const names = (some: Handlers) => some.map((one) => one.id.id)
  assert.equal(names(without(handlers, id('y'))), ['x', 'z'])
  const [other] = list('other')
  if (other === undefined) throw new Error('there is one')
  assert.equal(names(replaced(handlers, id('y'), other)), ['x', 'other', 'z'])
  assert.is(find(handlers, id('y')), handlers[1])
  assert.is(find(handlers, id(null)), undefined)
})

test('what an owner is told of each removal', () => {
  const told = (why: Parameters<typeof reasonTold>[0]) => reasonTold(why, id('x'), null)
  assert.is(told({ tag: 'delete', arg: 1 }), 'normal')
  assert.is(told({ tag: 'remove' }), 'normal')
  assert.is(told({ tag: 'stop', reason: 'broken' }), 'shutdown')
  assert.is(told({ tag: 'error', reason: 'broken' }), 'broken')
  assert.equal(told({ tag: 'swap', arg: 1 }), { tag: 'swapped', to: id('x'), by: null })
})

test.run()
