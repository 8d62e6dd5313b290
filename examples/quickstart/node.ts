/**
 * One node of the quickstart, told by lines on its standard input what to do. It has a directory of
 * its own for its keys, and one it shares with the others, where each leaves its address. It joins
 * through n1, and stops in order when its input ends (Ctrl-D) or it is told to (Ctrl-C, SIGTERM).
 *
 *   npx tsx examples/quickstart/node.ts n1 [directory]
 */
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import {
  Exit,
  isOrderly,
  lookupLocal,
  lookupService,
  type Self,
  startNode,
  subscribeServices,
  unsubscribeServices,
} from 'skein'
import { quicCarrier } from 'skein/carrier/quic'
import { modules, Quickstart } from './app.ts'
import { type NoWorker, sharedName, short, type Worked, work, workOn } from './worker.ts'

const host = '127.0.0.1'
const [name = 'n1', directory = 'data/quickstart'] = process.argv.slice(2)
const patienceMs = 10_000
const help = 'work X | on NODE X | workers [COUNT] | crash'

const node = await startNode({
  name: fullName(name),
  // Port 0: any that is free. The others read in the shared directory which one it became.
  carrier: quicCarrier({ host, port: 0 }),
  cookie: 'quickstart',
  dataDir: join(directory, name),
  discovery: { backends: ['file'], directory: join(directory, 'discovery') },
  join: [fullName('n1')],
  modules,
  applications: [Quickstart],
  quiet: true,
  drainOnSignals: true,
})
console.log(`${name} is up`)
if (process.stdin.isTTY) console.log(help)

const lines = createInterface({ input: process.stdin })
try {
  await node.run(async (self) => {
    for await (const line of lines) console.log(await answered(self, line.trim().split(/\s+/)))
  })
} catch (error) {
  // The node was told to stop, and ended this with it.
  if (!(error instanceof Exit && isOrderly(error.reason))) throw error
}
lines.close()
await node.stop()

/** A call that fails is an answer too, here: the next command may do better. */
async function answered(self: Self, words: readonly string[]): Promise<string> {
  try {
    return await answer(self, words)
  } catch (error) {
    if (error instanceof Exit) return error.message
    throw error
  }
}

async function answer(self: Self, [command, ...args]: readonly string[]): Promise<string> {
  switch (command) {
    case 'work':
      return shown(await work(self, Number(args[0])))
    case 'on':
      return shown(await workOn(self, fullName(args[0] ?? ''), Number(args[1])))
    case 'workers':
      return (await workers(self, args[0])).join(' ')
    case 'crash':
      return crash(self)
    default:
      return help
  }
}

/** Where workers are, this node first; with a count, as soon as there are so many. */
async function workers(self: Self, count: string | undefined): Promise<string[]> {
  const nodes = (): string[] => lookupService(self, sharedName).map((each) => short(each.node))
  if (count !== undefined) await heard(self, () => nodes().length === Number(count))
  return nodes()
}

/** The worker of this node ends as by a fault; its supervisor starts another. */
async function crash(self: Self): Promise<string> {
  const before = lookupLocal(self, sharedName)
  if (before === undefined) return 'there is none'
  self.exit(before, 'kill')
  const current = (): unknown => lookupLocal(self, sharedName)
  await heard(self, () => current() !== undefined && current() !== before)
  return 'the worker crashed, and there is another'
}

/** Looks again whenever a worker comes or goes, until it is so; fails when nothing happens. */
async function heard(self: Self, isSo: () => boolean): Promise<void> {
  subscribeServices(self, { name: sharedName })
  try {
    while (!isSo()) await self.receive(null, { timeoutMs: patienceMs })
  } finally {
    unsubscribeServices(self)
  }
}

function shown(result: Worked | NoWorker): string {
  return result.tag === 'error' ? result.reason : `${short(result.node)} worked on ${result.x}`
}

function fullName(given: string): string {
  return `${given}@${host}`
}
