/** An input that hangs the process, or kills it, is found and placed. */
import { watchJob } from '../../fuzz/watch.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('fuzz watch')

test('a job that hangs is killed, and it is known where', async () => {
  const ending = await watchJob({
    job: new URL('./fixtures/hanging-job.ts', import.meta.url),
    argument: '',
    silenceMaxMs: 500,
    onProgress: () => undefined,
  })
  assert.equal(ending, { tag: 'lost', why: 'it was silent for 500 ms', done: 400 })
})

test('a job that dies is lost, and it is known where', async () => {
  const ending = await watchJob({
    job: new URL('./fixtures/crashing-job.ts', import.meta.url),
    argument: '',
    silenceMaxMs: 60_000,
    onProgress: () => undefined,
  })
  assert.equal(ending, { tag: 'lost', why: 'it ended by SIGKILL', done: 600 })
})

test('a job that is through gives its result', async () => {
  const seen: number[] = []
  const ending = await watchJob({
    job: new URL('../../fuzz/job.ts', import.meta.url),
    argument: JSON.stringify({ target: 'wire', seed: 1, first: 0, inputs: 400, seconds: 60 }),
    silenceMaxMs: 60_000,
    onProgress: (done) => seen.push(done),
  })
  assert.is(ending.tag, 'result')
  assert.is(ending.tag === 'result' && ending.result.inputs, 400)
  assert.equal(seen, [200, 400])
})

test.run()
