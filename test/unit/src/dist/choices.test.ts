import { Choices } from '../../../../src/dist/choices.ts'
import { assert, suite } from '../../../support/harness.ts'
import { turn } from '../../../support/until.ts'
import { dialed } from './dialed.ts'
import { a, b } from './virtual-cluster.ts'

const test = suite('choices')

test('one connection a node; the next one once it has ended', async () => {
  const [first, second] = await dialed()
  const choices = new Choices()
  assert.is(choices.take(b, first, 1), undefined)
  assert.is(choices.take(b, first, 1), undefined, 'its own choice')
  assert.is(choices.take(a, second, 1), undefined, 'another node')
  const standing = choices.take(b, second, 2)
  assert.is(standing?.connection, first)
  assert.is(standing?.creation, 1)
  let ended = 0
  void standing?.ended.then(() => ended++)
  choices.release(b, second)
  choices.release('nobody@h', first)
  await turn()
  assert.is(ended, 0, 'not theirs to take back')
  choices.release(b, first)
  await turn()
  assert.is(ended, 1)
  assert.is(choices.take(b, second, 2), undefined)
  choices.release(b, first)
  assert.is(choices.take(b, first, 1)?.connection, second, 'a late release changes nothing')
})

test.run()
