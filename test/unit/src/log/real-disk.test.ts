/** The log on the real platform: a sync precedes its answer, a killed writer loses nothing. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodePlatform } from '../../../../runtime/platform/node.ts'
import { type OpenedLog, openLog } from '../../../../src/log/index.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'
import { until } from '../../../support/until.ts'

const test = suite('log on a real disk')

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'skein-log-'))
  cleanup(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function opened(where: string): Promise<OpenedLog> {
  const result = await openLog({ platform: nodePlatform(), directory: where, name: 'store' })
  if (result.tag === 'error') throw new Error(`${result.reason}: ${result.message}`)
  cleanup(() => result.log.close())
  return result
}

test('the file is written and synced before a sync is answered', async () => {
  const { log } = await opened(join(directory(), 'inner'))
  const probe = await open(tmpdir(), 'r')
  const prototype: object = Object.getPrototypeOf(probe)
  await probe.close()
  const events: string[] = []
  const calls = ['writeFile', 'datasync'].map(
    (name) => [name, Reflect.get(prototype, name)] as const,
  )
  for (const [name, original] of calls) {
    if (typeof original !== 'function') throw new Error(`no ${name}`)
    Reflect.set(prototype, name, async function (this: object, ...args: unknown[]) {
      events.push(`${name} begins`)
      const result: unknown = await Reflect.apply(original, this, args)
      events.push(`${name} done`)
      return result
    })
  }
  try {
    for (const round of [1, 2]) {
      log.append(round)
      assert.equal(await log.sync(), { tag: 'ok' })
      events.push('answered')
    }
  } finally {
    for (const [name, original] of calls) Reflect.set(prototype, name, original)
  }
  const once = [
    'writeFile begins',
    'writeFile done',
    'datasync begins',
    'datasync done',
    'answered',
  ]
  assert.equal(events, [...once, ...once])
})

test('snapshot and log survive a restart', async () => {
  const where = directory()
  const { log } = await opened(where)
  log.append('before')
  assert.is((await log.snapshot(['one', 'two'])).tag, 'ok')
  log.append('after')
  assert.is((await log.close()).tag, 'ok')
  const again = await opened(where)
  assert.equal([again.snapshot, again.complete, again.records], [['one', 'two'], true, ['after']])
})

test('a log that is closed writes no snapshot over that of who opens it next', async () => {
  const where = directory()
  const { log } = await opened(where)
  log.append('old')
  const late = log.snapshot(['old', ...Array.from({ length: 20_000 }, () => 'filler')])
  assert.equal(await log.close(), { tag: 'ok' })
  const next = await opened(where)
  next.log.append('new')
  assert.equal(await next.log.snapshot(['old', 'new']), { tag: 'ok' })
  assert.equal(await next.log.close(), { tag: 'ok' })
  const answer = await late
  const { snapshot, records } = await opened(where)
  assert.equal([snapshot.length, records], [2, []])
  assert.is(answer.tag === 'error' && answer.reason, 'closed')
})

test(
  'what was confirmed is there after a kill, and so is the lock’s freedom (LOG-02)',
  async () => {
    const where = directory()
    const program = fileURLToPath(new URL('fixtures/writer.ts', import.meta.url))
    const child = spawn(process.execPath, ['--import', 'tsx', program, where], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    cleanup(() => child.kill('SIGKILL'))
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
    })
    await until('numbers are confirmed', () => said.split('\n').length > 50)
    const rival = await openLog({ platform: nodePlatform(), directory: where, name: 'store' })
    assert.is(rival.tag === 'error' && rival.reason, 'taken')
    child.kill('SIGKILL')
    await once(child, 'close')
    const confirmed = said.trim().split('\n').map(Number)
    const { records } = await opened(where)
    assert.equal(records.slice(0, confirmed.length), confirmed)
  },
  { deadlineMs: 30_000 },
)

test.run()
