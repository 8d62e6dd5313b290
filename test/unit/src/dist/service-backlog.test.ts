/** What a service has not read is counted in messages and in bytes, as its mailbox gets shorter. */
import fc from 'fast-check'
import { ServiceBacklog } from '../../../../src/dist/service-backlog.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('service backlog')

const { distServiceBacklogMax: messagesMax, distServiceBacklogMaxBytes: bytesMax } = limits

const evil = 'evil@h'
const good = 'good@h'

test('messages of one node are taken up to half their number', () => {
  const backlog = new ServiceBacklog()
  const half = messagesMax / 2
  for (let n = 0; n < half; n++) assert.ok(backlog.take(evil, n, 10))
  assert.not(backlog.take(evil, half, 10))
  assert.ok(backlog.take(evil, half - 1, 10))
})

test('and up to half their bytes; one alone fits whatever its size', () => {
  const backlog = new ServiceBacklog()
  assert.ok(backlog.take(evil, 0, bytesMax + 1))
  assert.not(backlog.take(good, 1, 1))
  assert.ok(backlog.take(evil, 0, bytesMax / 2))
  assert.not(backlog.take(evil, 1, 1))
  assert.ok(backlog.take(evil, 0, 1), 'what was refused is not counted')
})

test('nodes that say all they can leave room for the one that says little', () => {
  const backlog = new ServiceBacklog()
  let waiting = 0
  for (let n = 0; n < messagesMax * 4; n++) {
    if (backlog.take(`evil${n % 3}@h`, waiting, 10)) waiting += 1
  }
  assert.is(waiting, (messagesMax * 3) / 4)
  for (let n = 0; n < 1_000; n++) assert.ok(backlog.take(good, waiting + n, 1_000))
})

/** A mailbox read in order: who sends how many bytes, or `undefined` for a message that is read. */
const steps = fc.array(
  fc.option(fc.tuple(fc.constantFrom(evil, good), fc.integer({ min: 1, max: bytesMax })), {
    nil: undefined,
  }),
  { maxLength: 200 },
)

test('what is taken is what fits beside what waits, for any order of coming and reading', () => {
  const agrees = fc.property(steps, (events) => {
    const backlog = new ServiceBacklog()
    const mailbox: (readonly [string, number])[] = []
    const waitsOf = (wanted: (node: string) => boolean): number =>
      mailbox.reduce((sum, [node, bytes]) => sum + (wanted(node) ? bytes : 0), 0)
    for (const event of events) {
      if (event === undefined) {
        mailbox.shift()
        continue
      }
      const [node, bytes] = event
      const waits = waitsOf(() => true)
      const own = waitsOf((other) => other === node)
      const fits = waits === 0 || own + bytes <= bytesMax - waits
      assert.is(backlog.take(node, mailbox.length, bytes), fits)
      if (fits) mailbox.push(event)
    }
  })
  fc.assert(agrees)
})

test.run()
