/**
 * Runs the chat: seed, ada and bob, three nodes as three OS processes of this machine. Without
 * arguments it plays the scene below and prints it, the same at every run; with `--prompt` the
 * words are yours: `ada join demo`.
 *
 * News travel as fast as they do. What makes the print the same is that every line a scene expects
 * is waited for, each from the one who sees it, before the next one acts.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Program } from './processes.ts'

type Name = 'seed' | 'ada' | 'bob'

/** Who does what, and who then sees a line, in order. */
const scene: readonly (readonly [Name, string, ...Name[]])[] = [
  ['ada', 'join demo', 'ada'],
  ['bob', 'join demo', 'bob', 'ada'],
  ['bob', 'join demo', 'bob'],
  ['ada', 'say demo hello, bob', 'ada', 'bob'],
  ['bob', 'say demo hello, ada', 'ada', 'bob'],
  ['bob', 'say lobby is anybody here?', 'bob'],
  ['ada', 'create tea', 'ada', 'bob', 'seed'],
  ['bob', 'rooms', 'bob'],
  ['bob', 'join tea', 'bob'],
  ['ada', 'say tea may I?', 'ada'],
  ['seed', 'create tea', 'seed'],
  // A room that ends is not started again.
  ['ada', 'kill tea', 'ada', 'bob', 'seed'],
]

const deadlineMs = 28_000
const prompt = process.argv.includes('--prompt')
const home = await mkdtemp(join(tmpdir(), 'skein-chat-'))
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
  start('seed', '--rooms', 'demo')
  await print('seed', 2)
  for (const name of ['ada', 'bob']) start(name, '--join', nodeName('seed'))
  if (prompt) await takeCommands()
  else await play()
} catch (error) {
  console.log(String(error))
  process.exitCode = 1
}
await stopAll()
clearTimeout(hurry)
await rm(home, { recursive: true })

async function play(): Promise<void> {
  for (const name of ['ada', 'bob']) await print(name, 2)
  for (const [name, command, ...seers] of scene) {
    tell(name, command)
    for (const seer of seers) await print(seer)
  }
  console.log('(bob goes without a word)')
  await stop('bob')
  await print('ada')
  console.log('(the seed goes, and its rooms with it)')
  await stop('seed')
  await print('ada')
  tell('ada', 'say demo still there?')
  await print('ada')
}

async function takeCommands(): Promise<void> {
  clearTimeout(hurry)
  console.log('commands: ada join demo, ada say demo hello, bob rooms; Ctrl-D ends')
  for (const name of running.keys()) void follow(name)
  for await (const line of createInterface({ input: process.stdin, signal: told.signal })) {
    const [, name = '', command = ''] = /^\s*(\S+)\s*(.*)$/.exec(line) ?? []
    if (running.has(name)) running.get(name)?.write(command)
    else console.log(`nodes are ${[...running.keys()].join(', ')}`)
  }
}

/** Prints what a node says, whenever it does. */
async function follow(name: string): Promise<void> {
  const program = running.get(name)
  for (let line = await program?.nextLine(); line !== undefined; line = await program?.nextLine()) {
    console.log(`    ${name.padEnd(4)} | ${line}`)
  }
}

function tell(name: string, command: string): void {
  console.log(`${name}> ${command}`)
  running.get(name)?.write(command)
}

async function print(name: string, count = 1): Promise<void> {
  for (let left = count; left > 0; left--) {
    const line = await running.get(name)?.nextLine()
    if (line === undefined) throw new Error(`${name} has ended`)
    console.log(`    ${name.padEnd(4)} | ${line}`)
  }
}

function start(name: string, ...options: readonly string[]): void {
  const args = ['--name', nodeName(name), '--directory', home, ...options]
  running.set(name, new Program(new URL('./node.ts', import.meta.url), args))
}

function nodeName(name: string): string {
  return `${name}@127.0.0.1`
}

async function stop(name: string): Promise<void> {
  await running.get(name)?.stop()
  running.delete(name)
}

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
