/** Aborting what waits: calls and receives with a signal, which OTP has not; and startMonitor. */
import {
  BadArgument,
  isDown,
  process,
  type Ref,
  type Self,
  spawn,
  spawnMonitor,
} from '../../../runtime/index.ts'
import {
  abandonRequest,
  at,
  call,
  callWithin,
  cast,
  checkResponse,
  type From,
  genServer,
  ignore,
  multiCall,
  next,
  RequestCollection,
  receiveResponse,
  reply,
  replyTo,
  sendRequest,
  start,
  startMonitor,
  stop,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { failureOf, inProcess, noMail, virtualNode } from './one-node.ts'

const test = suite('otp: abort')

type Held = { calls: { hold: () => string; count: () => number }; casts: { release: () => void } }

const held = genServer<Held>('held')({
  init: (): readonly From<string>[] => [],
  calls: {
    hold: (froms, _arg, _self, from) => next([...froms, from]),
    count: (froms) => reply(froms.length, froms),
  },
  casts: {
    release: (froms, _arg, self) => {
      for (const from of froms) replyTo(self, from, 'late')
      return next([])
    },
  },
})

async function begin(self: Self): Promise<Ref<Held>> {
  const started = await start(self, held)
  if (started.tag !== 'ok') throw new Error('it starts')
  return started.pid
}

/** A signal that counts who listens. */
class Counted {
  readonly controller = new AbortController()
  listeners = 0

  get signal(): AbortSignal {
    const { signal } = this.controller
    if (this.listeners === 0) {
      const add = signal.addEventListener.bind(signal)
      const remove = signal.removeEventListener.bind(signal)
      signal.addEventListener = (...given: Parameters<typeof add>) => {
        this.listeners++
        add(...given)
      }
      signal.removeEventListener = (...given: Parameters<typeof remove>) => {
        this.listeners--
        remove(...given)
      }
    }
    return signal
  }
}

test('G14 an aborted call fails with aborted, and its late reply is dropped', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    const counted = new Counted()
    const calling = failureOf(callWithin(self, { signal: counted.signal }, server, 'hold'))
    assert.is(await call(self, server, 'count'), 1)
    counted.controller.abort()
    assert.is(await calling, 'aborted')
    cast(self, server, 'release')
    assert.is(await call(self, server, 'count'), 0)
    assert.ok(noMail(self))
    assert.is(counted.listeners, 0)
  }))

test('G14 a call aborted before is never sent', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    const signal = AbortSignal.abort()
    assert.is(await failureOf(callWithin(self, { signal }, server, 'hold')), 'aborted')
    assert.is(await call(self, server, 'count'), 0)
  }))

test('G14 a call that was answered or timed out leaves nothing with its signal', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const server = await begin(self)
    const counted = new Counted()
    const limits = { signal: counted.signal, timeoutMs: 50 }
    assert.is(await callWithin(self, limits, server, 'count'), 0)
    assert.is(await failureOf(callWithin(self, limits, server, 'hold')), 'timeout')
    assert.is(counted.listeners, 0)
    counted.controller.abort()
    assert.is(await call(self, server, 'count'), 1)
  })
})

test('G14 limits that are none are refused by name', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    const refused = (limits: unknown, pattern: RegExp): void => {
      assert.throws(() => callWithin(self, limits as number, server, 'count'), pattern)
    }
    refused({ timeout: 5 }, /unknown option 'timeout'/)
    refused({ timeoutMs: -1 }, /timeoutMs: expected 0 to/)
    refused({ signal: 'no' }, /signal: expected an AbortSignal, got "no"/)
    refused(null, /limits: expected milliseconds or options, got null/)
  }))

test('G17 an aborted multiCall has only bad nodes, for the reason aborted', () =>
  inProcess(async (self) => {
    const nobody = at(self.node, held, 'nobody')
    const result = await multiCall(self, { signal: AbortSignal.abort() }, [nobody], 'hold')
    assert.equal(result, { replies: [], badNodes: [{ node: self.node, reason: 'aborted' }] })
    const own: unknown = { tag: 'local', name: 'x' }
    const bad = multiCall(self, 5, [own as typeof nobody], 'hold')
    await bad.then(
      () => assert.unreachable('a local name has no node'),
      (error) => assert.instance(error, BadArgument),
    )
  }))

test('R4 an aborted receive throws aborted and leaves the mail', () =>
  inProcess(async (self) => {
    const counted = new Counted()
    const late = async (): Promise<unknown> =>
      self.receive((message) => message === 'wanted', { signal: counted.signal })
    const receiving = failureOf(late())
    self.send(self.pid, 'other')
    counted.controller.abort()
    assert.is(await receiving, 'aborted')
    assert.is(await self.receive(), 'other')
    assert.is(counted.listeners, 0)
  }))

test('R4 a receive aborted before throws at once, whatever mail there is', () =>
  inProcess(async (self) => {
    self.send(self.pid, 'here')
    const aborted = async (): Promise<unknown> =>
      self.receive(null, { signal: AbortSignal.abort(), otherwise: 'not this' })
    assert.is(await failureOf(aborted()), 'aborted')
    assert.is(await self.receive(), 'here')
    assert.throws(
      () => self.receive(null, { signal: 1 as never }),
      /signal: expected an AbortSignal/,
    )
  }))

test('R4 a receive that got its message, timed out or was killed leaves nothing', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const counted = new Counted()
    const { signal } = counted
    const own = self.pid
    const echo = process('echo', async (other) => {
      other.send(own, 'wanted')
    })
    spawn(self, echo)
    assert.is(await self.receive((message) => message === 'wanted', { signal }), 'wanted')
    const options = { signal, timeoutMs: 20, otherwise: 'none' }
    assert.is(await self.receive((message) => message === 'never', options), 'none')
    assert.is(counted.listeners, 0)
    const waits = process('waits', async (other) => {
      const receiving = other.receive(null, { signal })
      other.send(own, 'waiting')
      await receiving
    })
    const { pid, ref } = spawnMonitor(self, waits)
    await self.receive((message) => message === 'waiting')
    assert.is(counted.listeners, 1)
    self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    assert.is(counted.listeners, 0)
  })
})

test('R4 a generator body is told by a throw', () =>
  inProcess(async (self) => {
    const controller = new AbortController()
    const own = self.pid
    const takes = process('takes', function* (other) {
      other.send(own, 'taking')
      yield* other.take(null, { signal: controller.signal })
    })
    const { ref } = spawnMonitor(self, takes)
    await self.receive((message) => message === 'taking')
    await self.yield()
    controller.abort()
    assert.is((await self.receive(isDown(ref))).reason, 'aborted')
  }))

test("G16 a request is its sender's, is in a collection once, and is refused if it is none", () =>
  inProcess(async (self) => {
    const server = await begin(self)
    const request = sendRequest(self, server, 'count')
    const other = process('other', async (own) => {
      await receiveResponse(own, request)
    })
    const { ref } = spawnMonitor(self, other)
    const { reason } = await self.receive(isDown(ref))
    assert.match(JSON.stringify(reason), /request: another process has sent it/)
    const requests = new RequestCollection<number, string>().add(request, 'a')
    assert.throws(() => requests.add(request, 'b'), /add: the request is in here already/)
    assert.throws(() => requests.add('x' as never, 'b'), /add: expected what sendRequest returned/)
    assert.throws(() => checkResponse(null, {} as never), /expected what sendRequest returned/)
    assert.throws(
      () => abandonRequest(self, 7 as never),
      /expected what sendRequest returned, got 7/,
    )
    assert.equal(await receiveResponse(self, requests), { tag: 'reply', value: 0, label: 'a' })
    assert.throws(() => requests.take(request), /is not in here/)
    const toSelf = sendRequest(self, self.pid as Ref<Held>, 'count')
    const refused = { tag: 'error', reason: 'callingSelf', server: self.pid }
    assert.equal(await receiveResponse(self, toSelf), refused)
    assert.ok(noMail(self))
  }))

type Start = 'fails' | 'ignores' | 'throws' | 'hangs'

const starts = genServer<{}>('starts')({
  init: async (way: Start | null, self) => {
    if (way === 'fails') return stop('failed')
    if (way === 'ignores') return ignore()
    if (way === 'throws') throw new Error('thrown')
    if (way === 'hangs') await self.receive((message) => message === 'never')
    return null
  },
  info: (state, reason) => stop(String(reason), state),
})

test('G1 startMonitor gives pid and ref; the DOWN has the reason of the end', () =>
  inProcess(async (self) => {
    const started = await startMonitor(self, starts, null)
    assert.ok(started.tag === 'ok')
    self.send(started.pid, 'done')
    assert.is((await self.receive(isDown(started.ref))).reason, 'done')
  }))

test('G2 a failed startMonitor leaves no DOWN behind', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const results: unknown[] = []
    for (const way of ['fails', 'ignores', 'throws', 'hangs'] as const) {
      const result = await startMonitor(self, starts, way, { timeoutMs: 30 })
      results.push(result.tag === 'error' ? result.reason : result.tag)
    }
    const [failed, ignored, thrown, hung] = results
    assert.equal([failed, ignored, hung], ['failed', 'ignore', 'timeout'])
    assert.ok(typeof thrown === 'object')
    await self.yield()
    assert.ok(noMail(self))
  })
})

test('G1 startMonitor of a taken name names the holder', () =>
  inProcess(async (self) => {
    const first = await startMonitor(self, starts, null, { name: 'only' })
    assert.ok(first.tag === 'ok')
    const second = await startMonitor(self, starts, null, { name: 'only' })
    assert.equal(second, { tag: 'error', reason: { tag: 'alreadyStarted', pid: first.pid } })
    assert.ok(noMail(self))
  }))

test.run()
