/** What a service has not read is counted in messages and in bytes, as its mailbox gets shorter. */
import fc from 'fast-check'
import { ServiceBacklog } from '../../../../src/dist/service-backlog.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('service backlog')

const { distServiceBacklogMax: messagesMax, distServiceBacklogMaxBytes: bytesMax } = limits

test('messages are taken up to their number', () => {
  const backlog = new ServiceBacklog()
  for (let n = 0; n < messagesMax; n++) assert.ok(backlog.take(n, 10))
  assert.not(backlog.take(messagesMax, 10))
  assert.ok(backlog.take(messagesMax - 1, 10))
})

test('and up to their bytes; one alone fits whatever its size', () => {
  const backlog = new ServiceBacklog()
  assert.ok(backlog.take(0, bytesMax + 1))
  assert.not(backlog.take(1, 1))
  assert.ok(backlog.take(0, bytesMax))
  assert.not(backlog.take(1, 1))
  assert.ok(backlog.take(0, 1), 'what was refused is not counted')
})

/** A mailbox read in order: bytes to come, or `undefined` for a message that is read. */
const steps = fc.array(fc.option(fc.integer({ min: 1, max: bytesMax }), { nil: undefined }), {
  maxLength: 200,
})

test('what is taken is what fits beside what waits, for any order of coming and reading', () => {
  const agrees = fc.property(steps, (events) => {
    const backlog = new ServiceBacklog()
    const mailbox: number[] = []
    for (const bytes of events) {
      if (bytes === undefined) {
        mailbox.shift()
        continue
      }
      const waits = mailbox.reduce((sum, each) => sum + each, 0)
      const fits = waits === 0 || waits + bytes <= bytesMax
      assert.is(backlog.take(mailbox.length, bytes), fits)
      if (fits) mailbox.push(bytes)
    }
  })
  fc.assert(agrees)
})

test.run()
