/** The programs of `examples/` are told to end, as an operator would: they stop in order. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { assert, suite } from '../../../support/harness.ts'
import { runningProgram } from './running-program.ts'

const test = suite('drain: examples')

const httpApi = new URL('../../../../examples/http-api/main.ts', import.meta.url)
const tour = new URL('../../../../examples/tour/main.ts', import.meta.url)

const deadline = { deadlineMs: 60_000 }

/** Sends a request, and resolves with what waits for its answer when the server has taken it. */
async function taken(url: string): Promise<() => Promise<number | undefined>> {
  // A server that is asked to says that it has the head of a request.
  const asked = request(url, { method: 'POST', headers: { expect: '100-continue' } })
  const answer = new Promise<number | undefined>((resolve, reject) => {
    asked.on('response', (response: IncomingMessage) => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.on('error', reject)
  })
  asked.flushHeaders()
  await once(asked, 'continue')
  asked.end()
  return () => answer
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(
    `http-api, ${signal}: the server answers what it took, then the counters stop`,
    async () => {
      const program = runningProgram(httpApi, '--serve')
      const [url = ''] = /http:\S+/.exec(await program.line(/^serving http/)) ?? []
      const answer = await taken(`${url}/counters/visits/hang`)
      program.kill(signal)
      // With its counter stopped before it, the server would have answered 503.
      assert.is(await answer(), 504)
      assert.is(await program.ending, 0)
      assert.equal(program.lines().slice(1), ['every request is answered', 'the api has stopped'])
    },
    deadline,
  )
}

test(
  'the tour stops its nodes, those of its children too, and says that not all was shown',
  async () => {
    const program = runningProgram(tour, '--json')
    await program.line(/^ok .*started a server on b$/)
    program.kill('SIGTERM')
    assert.is(await program.ending, 1)
    const [stopped, why, result = ''] = program.lines().slice(-3)
    assert.is(stopped, 'the nodes have stopped')
    assert.is(why, 'the tour ended early: it was told to end')
    assert.is(JSON.parse(result).ok, false)
  },
  deadline,
)

test.run()
