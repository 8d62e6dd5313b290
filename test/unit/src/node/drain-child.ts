/**
 * A program of one node that runs until it is asked to end. Its server says so when it is stopped;
 * with `stuck` it never finishes stopping.
 */
import { child, genServer, next, startNode } from '../../../../src/index.ts'

const [how = ''] = process.argv.slice(2)
const say = (line: string): boolean => process.stdout.write(`${line}\n`)

const worker = genServer('drain.worker')({
  init: (_: undefined, self) => {
    self.trapExit(true)
    return next(null)
  },
  terminate: async (reason) => {
    say(`terminating ${String(reason)}`)
    if (how === 'stuck') await new Promise(() => setInterval(() => undefined, 60_000))
  },
})

const node = await startNode({
  name: 'drain@127.0.0.1',
  cookie: 'the cookie',
  quiet: true,
  modules: [worker],
  root: child(worker, undefined),
  drainOnSignals: how !== 'plain',
})
// Something that keeps the program alive for as long as the node runs.
void node.run((self) => self.receive(null, { timeoutMs: 600_000 })).catch(() => say('drained'))
say('ready')
