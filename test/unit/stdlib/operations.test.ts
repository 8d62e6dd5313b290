/** Handlers by name, whatever name a caller thinks of. */
import { Operations } from '../../../stdlib/operations.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('operations')

test('finds each by its name, in any order', () => {
  const table = new Operations({ a: 1, b: 2 })
  for (const [op, handler] of [
    ['a', 1],
    ['a', 1],
    ['b', 2],
    ['a', 1],
    ['b', 2],
  ] as const) {
    assert.is(table.find(op), handler)
  }
})

test('a name it does not have is not found, before and after one that it has', () => {
  const table = new Operations({ a: 1 })
  assert.is(table.find(''), undefined)
  assert.is(table.find('b'), undefined)
  assert.is(table.find('a'), 1)
  assert.is(table.find('b'), undefined)
  assert.is(table.find('a'), 1)
})

test('the empty name is a name like any other', () => {
  assert.is(new Operations({ '': 1 }).find(''), 1)
})

test('what every object inherits is no operation', () => {
  const table = new Operations({ a: 1 })
  for (const op of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    assert.is(table.find(op), undefined)
  }
})

test('a server without handlers has no operations', () => {
  assert.is(new Operations().find('a'), undefined)
})

test.run()
