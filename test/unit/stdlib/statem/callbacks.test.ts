/** What genStatem refuses when a machine is defined, and how handlers are found. */
import { type Process, selfOf } from '../../../../runtime/kernel.ts'
import { genStatem } from '../../../../stdlib/index.ts'
import { StatemCallbacks } from '../../../../stdlib/statem/callbacks.ts'
import { StatemEvent } from '../../../../stdlib/statem/event.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('statem callbacks')

const init = (): void => undefined

test('bad callbacks are refused by name when the machine is defined', () => {
  const bad: [object, RegExp][] = [
    [{ states: {} }, /init: expected a function, got undefined/],
    [{ init }, /expected either states or handleEvent/],
    [{ init, states: {}, handleEvent: init }, /expected either states or handleEvent/],
    [{ init, states: 1 }, /states: expected an object, got 1/],
    [{ init, states: { a: null } }, /states\.a: expected an object, got null/],
    [{ init, states: { a: { enter: 1 } } }, /states\.a\.enter: expected a function, got 1/],
    [{ init, states: { a: { cals: {} } } }, /states\.a: there is no callback 'cals'/],
    [{ init, states: { a: { calls: 'x' } } }, /states\.a\.calls: expected an object, got "x"/],
    [
      { init, states: { a: { calls: { f: 1 } } } },
      /states\.a\.calls\.f: expected a function, got 1/,
    ],
    [{ init, states: {}, common: { enter: init } }, /common: there is no callback 'enter'/],
    [{ init, states: {}, common: { info: 1 } }, /common\.info: expected a function, got 1/],
    [{ init, states: {}, terminate: 1 }, /terminate: expected a function, got 1/],
    [{ init, states: {}, termnate: init }, /genStatem: there is no callback 'termnate'/],
    [{ init, handleEvent: init, operations: { cals: {} } }, /operations: there is no .* 'cals'/],
  ]
  for (const [given, message] of bad) {
    assert.throws(() => new StatemCallbacks(given), message)
  }
})

test('a bad name of a machine is refused', () => {
  const define = genStatem<{ calls: { f: () => void } }, { a: null }>('')
  assert.throws(() => Reflect.apply(define, null, [{ init, states: {} }]), /module name/)
})

test('a state finds its own handlers first, then the common ones, and nothing inherited', () => {
  const called: string[] = []
  const named = (name: string) => () => {
    called.push(name)
  }
  const callbacks = new StatemCallbacks({
    init,
    states: { a: { calls: { x: named('own') } }, b: {} },
    common: { calls: { x: named('common') }, info: named('info') },
  })
  const self = selfOf({} as Process)
  const run = (state: string, tag: 'call' | 'cast' | 'info', op: string): void => {
    const event = new StatemEvent(tag, op, undefined, null)
    callbacks.find(state, event)?.({ state, data: null }, event, self)
  }
  run('a', 'call', 'x')
  run('b', 'call', 'x')
  run('b', 'info', '')
  for (const op of ['toString', '__proto__', 'constructor']) run('a', 'call', op)
  run('a', 'cast', 'x')
  assert.equal(called, ['own', 'common', 'info'])
})

test.run()
