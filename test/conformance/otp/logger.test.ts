/**
 * The log of a node (rule Z5): handlers that come and go, levels, filters, redaction, sinks; and
 * that neither a failing handler nor a hostile value harms whoever logs.
 */
import {
  BadArgument,
  isDown,
  type LocalNode,
  process,
  spawn,
  spawnMonitor,
  type TraceEvent,
} from '../../../runtime/index.ts'
import { nodePlatform } from '../../../runtime/platform/node.ts'
import { startNode } from '../../../src/index.ts'
import {
  addLogHandler,
  jsonLine,
  type LoggerOptions,
  type LogRecord,
  log,
  redactLogs,
  startLogger,
} from '../../../stdlib/index.ts'
import { assert, cleanup, suite } from '../../support/harness.ts'
import { turn } from '../../support/until.ts'
import { oneNode, virtualNode } from './one-node.ts'

const test = suite('otp: logger')

function recordsOf(node: LocalNode): LogRecord[] {
  const records: LogRecord[] = []
  addLogHandler(node, { name: 'records', level: 'debug', handle: (each) => records.push(each) })
  return records
}

test('Z5 a record has level, message, fields, node and time; and who logged', async () => {
  const { node, world, run } = virtualNode()
  const records = recordsOf(node)
  await run(async (self) => {
    log(self, 'info', 'paid', { amount: 5 })
    log(node, 'error', 'from outside')
    const [first, second] = records
    assert.equal(first, {
      level: 'info',
      message: 'paid',
      fields: { pid: self.pid, module: 'skein.run', amount: 5 },
      node: 'one@localhost',
      timeMs: first?.timeMs,
    })
    assert.ok(Number.isFinite(first?.timeMs) && world.nowMs >= 0)
    assert.equal(second?.fields, {})
  })
})

test('Z5 handlers get what reaches their level and passes their filter', () => {
  const node = oneNode()
  const got: string[] = []
  const handle = ({ message }: LogRecord) => got.push(message)
  addLogHandler(node, { name: 'default', handle: ({ message }) => got.push(`default ${message}`) })
  addLogHandler(node, { name: 'errors', level: 'error', handle })
  const filter = ({ fields }: LogRecord) => fields.shown === true
  addLogHandler(node, { name: 'some', level: 'debug', filter, handle })
  log(node, 'debug', 'one')
  log(node, 'debug', 'two', { shown: true })
  log(node, 'info', 'three')
  log(node, 'error', 'four')
  assert.equal(got, ['two', 'default three', 'default four', 'four'])
})

test('Z5 handlers are removed at run time', () => {
  const node = oneNode()
  const got: string[] = []
  const handle = ({ message }: LogRecord) => got.push(message)
  const remove = addLogHandler(node, { name: 'short', handle })
  log(node, 'info', 'seen')
  remove()
  remove()
  log(node, 'info', 'unseen')
  assert.equal(got, ['seen'])
})

test('Z5 a handler that throws or rejects is removed; the others hear of it', async () => {
  const node = oneNode()
  const records = recordsOf(node)
  let calls = 0
  const fail = (): never => {
    calls++
    throw new Error('disk full')
  }
  addLogHandler(node, { name: 'throws', handle: fail })
  addLogHandler(node, { name: 'rejects', level: 'error', handle: async () => fail() })
  addLogHandler(node, { name: 'bad filter', level: 'error', filter: fail, handle: () => null })
  await node.run((self) => {
    log(self, 'error', 'first')
  })
  await turn()
  log(node, 'error', 'second')
  assert.is(calls, 3)
  const removed = records.filter(({ message }) => message === 'log handler removed')
  assert.equal(removed.map(({ fields }) => fields.handler).sort(), [
    'bad filter',
    'rejects',
    'throws',
  ])
  assert.equal(
    removed.map(({ level }) => level),
    ['warning', 'warning', 'warning'],
  )
})

test('Z5 a handler does not hear what it logs itself', () => {
  const node = oneNode()
  const records = recordsOf(node)
  addLogHandler(node, { name: 'chatty', handle: ({ message }) => log(node, 'info', `${message}!`) })
  log(node, 'info', 'hello')
  assert.equal(records.map(({ message }) => message).sort(), ['hello', 'hello!'])
})

test('Z5 handlers cannot change what others see', () => {
  const node = oneNode()
  const meddle = ({ fields }: LogRecord) => Object.assign(fields.user as object, { name: 'eve' })
  addLogHandler(node, { name: 'meddles', handle: meddle })
  const records = recordsOf(node)
  const user = { name: 'ann' }
  log(node, 'info', 'login', { user })
  assert.equal([user, records[0]?.fields.user], [{ name: 'ann' }, { name: 'ann' }])
})

test('Z5 redaction reaches every depth, every handler and every observer', () => {
  const node = oneNode()
  const records = recordsOf(node)
  const observed: TraceEvent[] = []
  node.observe((event) => observed.push(event))
  redactLogs(node, (key, value) => {
    if (key === 'token') return undefined
    if (key === 'odd') throw new Error('redaction')
    if (key === 'later') return Promise.reject(new Error('redaction'))
    return key === 'password' ? '***' : value
  })
  const secrets = { password: 'p', token: 't', odd: 'o', later: 'l', ok: 1 }
  const nested = new Map([['password', 'p']])
  log(node, 'info', 'login', { user: secrets, list: [secrets], nested, ...secrets })
  const failed = '[redaction failed]'
  const shown = { password: '***', odd: failed, later: failed, ok: 1 }
  const expected = { user: shown, list: [shown], nested: new Map([['password', '***']]), ...shown }
  assert.equal(records[0]?.fields, expected)
  const [seen] = observed
  assert.equal(seen?.tag === 'log' && seen.fields, expected)
  redactLogs(node, null)
  log(node, 'info', 'plain', secrets)
  assert.equal(records[1]?.fields, secrets)
})

test('Z5 a line of JSON holds any value, has a bound, and cannot be forged', () => {
  const node = oneNode()
  const records = recordsOf(node)
  const circular: { self?: unknown } = {}
  circular.self = circular
  const deep = { at: {} as { at?: unknown } }
  for (let level = 0, at: { at?: unknown } = deep; level < 100; level++) at = at.at = {}
  const throwing = {
    get secret(): string {
      throw new Error('getter')
    },
  }
  const fields = {
    ...{ big: 5n, nan: Number.NaN, bytes: new Uint8Array(3), set: new Set([1]), run: () => 1 },
    ...{
      circular,
      deep,
      throwing,
      none: undefined,
      date: new Date(Number.NaN),
      error: new Error('e'),
    },
    'line\nbreak': 'a\nb',
  }
  log(node, 'info', 'odd\nmessage', fields)
  const [record] = records
  assert.ok(record)
  const line = jsonLine(record)
  assert.not.match(line, /\n/)
  const parsed = JSON.parse(line)
  assert.equal(
    [parsed.level, parsed.node, parsed.message],
    ['info', 'one@localhost', 'odd\nmessage'],
  )
  assert.match(parsed.time, /^\d{4}-\d\d-\d\dT/)
  const { deep: _deep, ...rest } = parsed.fields
  assert.equal(rest, {
    ...{ big: '5', nan: 'NaN', bytes: '[3 bytes]', set: [1], run: '[function run]' },
    ...{ circular: { self: '[circular]' }, throwing: { secret: '[unreadable]' } },
    ...{ date: 'Invalid Date', error: { name: 'Error', message: 'e' }, 'line\nbreak': 'a\nb' },
  })
  log(node, 'info', 'long', { text: 'x'.repeat(100_000) })
  const long = JSON.parse(jsonLine(records[1] ?? record))
  assert.ok(long.fields.truncatedChars > 100_000)
})

test('Z5 what is no level, message, handler or option is refused by name', () => {
  const node = oneNode()
  const refused = (what: () => unknown, pattern: RegExp): void => assert.throws(what, pattern)
  const handle = (): null => null
  refused(() => log(node, 'fatal' as never, 'x'), /level: expected one of error, .* got "fatal"/)
  refused(() => log(node, 'info', 5 as never), /message: expected a string, got 5/)
  refused(() => log(node, 'info', 'x', null as never), /fields: expected an object, got null/)
  refused(() => addLogHandler(node, null as never), /handler: expected a log handler, got null/)
  refused(() => addLogHandler(node, { name: 'x' } as never), /handler.handle: expected a function/)
  refused(() => addLogHandler(node, { name: '', handle }), /handler.name/)
  refused(() => addLogHandler(node, { name: 'x', handle, levle: 1 } as never), /'levle'/)
  refused(() => startLogger(node, { stderr: 'xml' as never }), /logger.stderr: .* got "xml"/)
  refused(() => startLogger(node, { colour: 1 } as never), /logger: unknown option 'colour'/)
  refused(() => startLogger(node, { handlers: [{} as never] }), /logger.handlers\[0\].name/)
  refused(() => redactLogs(node, 'x' as never), /redact: expected a function or null/)
})

test('Z5 startNode writes JSON to stderr, redacted, from the level asked for', async () => {
  const lines: string[] = []
  const platform = { ...nodePlatform(), report: (line: string) => lines.push(line) }
  const handled: string[] = []
  const node = await startNode({
    name: 'logging@127.0.0.1',
    platform,
    logger: {
      stderr: 'json',
      level: 'info',
      redact: (key, value) => (key === 'secret' ? '***' : value),
      handlers: [{ name: 'mine', handle: ({ message }) => handled.push(message) }],
    },
  })
  cleanup(() => node.stop())
  log(node, 'debug', 'hidden')
  log(node, 'info', 'shown', { secret: 'x' })
  const ours = lines.map((line) => JSON.parse(line)).filter(({ message }) => message === 'shown')
  assert.equal(
    ours.map(({ level, fields }) => [level, fields]),
    [['info', { secret: '***' }]],
  )
  assert.ok(handled.includes('shown') && !handled.includes('hidden'))
})

test('Z5 startNode refuses a bad logger by name, and opens nothing', async () => {
  const lines: string[] = []
  const platform = { ...nodePlatform(), report: (line: string) => lines.push(line) }
  const logger: unknown = { stderr: 'json', handlers: [{ name: 'no handle' }] }
  const options = { name: 'refused@127.0.0.1', platform, logger: logger as LoggerOptions }
  await startNode(options).then(
    () => assert.unreachable('it is refused'),
    (error) => {
      assert.instance(error, BadArgument)
      assert.match(error.message, /logger.handlers\[0\].handle: expected a function/)
    },
  )
  assert.equal(lines, [])
})

test('Z5 a crash is a line of text on stderr, and its stack; quiet is quiet', async () => {
  const lines: string[] = []
  const platform = { ...nodePlatform(), report: (line: string) => lines.push(line) }
  for (const quiet of [false, true]) {
    const node = oneNode([], { platform, quiet })
    await node.run(async (self) => {
      const crashing = process('crashing', async () => {
        throw new Error('boom')
      })
      const { ref } = spawnMonitor(self, crashing)
      await self.receive(isDown(ref))
    })
  }
  assert.is(lines.length, 1)
  const [first = '', second = ''] = lines[0]?.split('\n') ?? []
  assert.match(first, /^\[skein one@localhost\] error: process crashed pid=\S+ module=crashing /)
  assert.match(first, /ancestors=\S+ messageQueueLength=0 reason="Error: boom"$/)
  assert.match(second, /^ {4}at /)
})

test('Z5 a logging process is not held up by a slow handler', async () => {
  const node = oneNode()
  const releases: (() => void)[] = []
  const slow = () => new Promise<void>((resolve) => releases.push(resolve))
  addLogHandler(node, { name: 'slow', handle: slow })
  await node.run(async (self) => {
    const logs = process('logs', (own) => {
      log(own, 'info', 'one')
      log(own, 'info', 'two')
      own.send(self.pid, 'done')
    })
    spawn(self, logs)
    assert.is(await self.receive(), 'done')
  })
  assert.is(releases.length, 2)
  for (const release of releases) release()
})

test.run()
