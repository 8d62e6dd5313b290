/** What a side's process printed, and a side that fails. */
import { readMeasured, runCommand } from '../../bench/sample.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('bench sample')

test('the sample is the last line', () => {
  const output = 'a notice\n{"value":12,"arrived":3}\n'
  assert.equal(readMeasured(output), { value: 12, arrived: 3 })
})

test('anything else is refused and shown', () => {
  assert.throws(() => readMeasured(''), /expected a line of JSON as the last one, got ""/)
  assert.throws(() => readMeasured('{"value":1}\nwarning'), /got "warning"/)
  assert.throws(
    () => readMeasured('{"value":1}'),
    /expected \{ value, arrived \}, got \{"value":1\}/,
  )
  assert.throws(() => readMeasured('null'), /expected \{ value, arrived \}, got null/)
})

test('a process that fails is a failure with its own words', async () => {
  const failing = runCommand(process.execPath, ['-e', 'console.error("too bad"); process.exit(3)'])
  const error = await failing.then(
    () => null,
    (thrown: unknown) => String(thrown),
  )
  assert.match(error ?? '', /ended with 3: too bad/)
})

test('what a command says is heard as it comes', async () => {
  const heard: string[] = []
  const script = 'console.error("10 %"); console.log("{}")'
  const output = await runCommand(process.execPath, ['-e', script], {
    progress: (text) => heard.push(text),
  })
  assert.is(heard.join(''), '10 %\n')
  assert.is(output, '{}\n')
})

test('a command that does not end is ended', async () => {
  const endless = runCommand(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    deadlineMs: 1,
  })
  const error = await endless.then(
    () => null,
    (thrown: unknown) => String(thrown),
  )
  assert.match(error ?? '', /ended with SIGKILL/)
})

test('a command that does not exist is a failure', async () => {
  const error = await runCommand('no-such-command-here', []).then(
    () => null,
    (thrown: unknown) => String(thrown),
  )
  assert.match(error ?? '', /ENOENT/)
})

test.run()
