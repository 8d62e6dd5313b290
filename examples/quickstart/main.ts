/**
 * Runs the quickstart: three nodes as three OS processes of this machine, each with a directory of
 * its own and all with one to find each other by. Without arguments it gives them the commands
 * below and prints who answered what, the same at every run; with `--prompt` it takes commands from
 * you: `n2 work 7`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Program } from './processes.ts'

/** Who is told what. Each command is answered by one line. */
const script = [
  ['n1', 'workers 3'],
  ['n2', 'workers 3'],
  ['n3', 'workers 3'],
  // The shared name: everybody has a worker at home.
  ['n1', 'work 7'],
  ['n2', 'work 7'],
  // A name of one node, from elsewhere.
  ['n2', 'on n1 8'],
  ['n3', 'on n2 9'],
  ['n1', 'on n9 10'],
  // A crash: the supervisor starts another, which takes the names again.
  ['n2', 'crash'],
  ['n2', 'on n2 11'],
] as const

const deadlineMs = 28_000

const prompt = process.argv.includes('--prompt')
const home = await mkdtemp(join(tmpdir(), 'skein-quickstart-'))
const running = new Map<string, Program>()
let stopping: Promise<void> | undefined
const hurry = setTimeout(killAll, deadlineMs)
const told = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    told.abort()
    void stopAll()
  })
}

try {
  // The others join through n1, which has to be there for that, or be tried again later.
  await print('n1', start('n1'))
  const others = ['n2', 'n3'].map((name) => ({ name, program: start(name) }))
  for (const { name, program } of others) await print(name, program)
  if (prompt) await takeCommands()
  else await runScript()
} catch (error) {
  console.log(String(error))
  process.exitCode = 1
}
await stopAll()
clearTimeout(hurry)
await rm(home, { recursive: true })

async function runScript(): Promise<void> {
  for (const [name, command] of script) await tell(name, command)
  // A node that leaves takes its names along.
  await stop('n3')
  await tell('n1', 'workers 2')
  await tell('n1', 'on n3 12')
}

async function takeCommands(): Promise<void> {
  clearTimeout(hurry)
  console.log('commands: n1 work 7, n1 on n2 7, n1 workers, n1 crash; Ctrl-D ends')
  for await (const line of createInterface({ input: process.stdin, signal: told.signal })) {
    const [, name = '', command = ''] = /^\s*(\S+)\s*(.*)$/.exec(line) ?? []
    const program = running.get(name)
    if (program === undefined) console.log(`nodes are ${[...running.keys()].join(', ')}`)
    else await ask(name, program, command)
  }
}

function start(name: string): Program {
  const program = new Program(new URL('./node.ts', import.meta.url), [name, home])
  running.set(name, program)
  return program
}

async function tell(name: string, command: string): Promise<void> {
  console.log(`${name}> ${command}`)
  const program = running.get(name)
  if (program !== undefined) await ask(name, program, command)
}

async function ask(name: string, program: Program, command: string): Promise<void> {
  program.write(command)
  await print(name, program)
}

async function print(name: string, program: Program): Promise<void> {
  const line = await program.nextLine()
  if (line === undefined) throw new Error(`${name} has ended`)
  console.log(`    ${line}`)
}

/** Prints its last words, too. */
async function stop(name: string): Promise<void> {
  const program = running.get(name)
  const stopped = program?.stop()
  for (let line = await program?.nextLine(); line !== undefined; line = await program?.nextLine()) {
    console.log(`    ${line}`)
  }
  await stopped
  running.delete(name)
}

/** The last to come is the first to go, so that what is printed has an order. */
async function stopEach(): Promise<void> {
  for (const name of [...running.keys()].reverse()) await stop(name)
}

function stopAll(): Promise<void> {
  stopping ??= stopEach()
  return stopping
}

function killAll(): void {
  for (const program of running.values()) program.kill()
}
