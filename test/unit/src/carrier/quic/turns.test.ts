import { type Driven, Turns } from '../../../../../src/carrier/quic/turns.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { turn, until } from '../../../../support/until.ts'

const test = suite('quic turns')

type Counted = Driven & { drives: number; flushes: number }

const counted = (onDrive = (): void => undefined): Counted => ({
  drives: 0,
  flushes: 0,
  drive() {
    this.drives += 1
    onDrive()
  },
  flushWrites() {
    this.flushes += 1
  },
})

test('many datagrams of one turn are one drive', async () => {
  const turns = new Turns()
  const [one, two] = [counted(), counted()]
  for (let count = 0; count < 100; count++) {
    turns.touch(one)
    turns.touch(two)
  }
  assert.equal([one.drives, two.drives, turns.pending], [0, 0, true])
  await turn()
  assert.equal([one.drives, two.drives, turns.pending], [1, 1, false])
})

test('many writes of one segment are one flush, after it', async () => {
  const turns = new Turns()
  const one = counted()
  for (let count = 0; count < 100; count++) turns.wrote(one)
  assert.is(one.flushes, 0)
  await Promise.resolve()
  assert.is(one.flushes, 1)
  turns.wrote(one)
  await Promise.resolve()
  assert.is(one.flushes, 2)
})

test('what is touched while it is driven has another turn', async () => {
  const turns = new Turns()
  let again = 2
  const one = counted(() => {
    if (again-- > 0) turns.touch(one)
  })
  turns.touch(one)
  await until('it was driven thrice', () => one.drives === 3)
  assert.is(turns.pending, false)
})

test.run()
