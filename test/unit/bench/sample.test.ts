/** What a side's process printed, and a side that fails. */
import { readMeasured, runCommand } from '../../bench/sample.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('bench sample')

test('the sample is the last line', () => {
  const output = 'a notice\n{"total":12,"arrived":3}\n'
  assert.equal(readMeasured(output), { total: 12, arrived: 3 })
})

test('anything else is refused and shown', () => {
  assert.throws(() => readMeasured(''), /expected a sample as the last line, got ""/)
  assert.throws(() => readMeasured('{"total":1}\nwarning'), /got "warning"/)
  assert.throws(
    () => readMeasured('{"total":1}'),
    /expected \{ total, arrived \}, got \{"total":1\}/,
  )
  assert.throws(() => readMeasured('null'), /expected \{ total, arrived \}, got null/)
})

test('a process that fails is a failure with its own words', async () => {
  const failing = runCommand(process.execPath, ['-e', 'console.error("too bad"); process.exit(3)'])
  const error = await failing.then(
    () => null,
    (thrown: unknown) => String(thrown),
  )
  assert.match(error ?? '', /ended with 3: too bad/)
})

test('a command that does not exist is a failure', async () => {
  const error = await runCommand('no-such-command-here', []).then(
    () => null,
    (thrown: unknown) => String(thrown),
  )
  assert.match(error ?? '', /ENOENT/)
})

test.run()
