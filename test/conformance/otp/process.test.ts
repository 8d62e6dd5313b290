/**
 * Processes on one node: lifecycle and exit reasons (rules P1 to P9), and what
 * happens to links and monitors on a node that cannot be reached (X12, M3).
 */
import {
  Exit,
  exit,
  isAlive,
  isDown,
  isExit,
  type LocalName,
  type LocalNode,
  messageQueueLength,
  type Pid,
  process,
  processes,
  type Reason,
  type Self,
  send,
  spawn,
  spawnLink,
  spawnMonitor,
  startRuntime,
  whereis,
} from '../../../runtime/index.ts'
import { systemOf } from '../../../runtime/kernel.ts'
import { at, call, genServer } from '../../../stdlib/index.ts'
import { assert, cleanup, suite } from '../../support/harness.ts'
import { errorOf, failureOf, inProcess, noMail, oneNode } from './one-node.ts'

const test = suite('otp: processes')

type Way = () => unknown

/** Runs what its argument names: bodies cannot be sent. */
function bodyOf(way: Way) {
  return process('ends', async () => way())
}

async function endOf(self: Self, way: Way): Promise<Reason> {
  const { ref } = spawnMonitor(self, bodyOf(way))
  return (await self.receive(isDown(ref))).reason
}

const waits = process('waits', async (self) => {
  await self.receive()
})

test('P1 a body that returns ends normal', () =>
  inProcess(async (self) => {
    assert.is(await endOf(self, () => undefined), 'normal')
    assert.is(await endOf(self, () => 'a value'), 'normal')
  }))

test('P1 a body that is not async ends normal', () =>
  inProcess(async (self) => {
    const { ref } = spawnMonitor(
      self,
      process('plain', () => 7),
    )
    assert.is((await self.receive(isDown(ref))).reason, 'normal')
  }))

test('P2 a returned exit is the reason, verbatim', () =>
  inProcess(async (self) => {
    const reasons: Reason[] = ['normal', 'kill', 'noproc', { tag: 'why', at: { n: 1 } }]
    for (const reason of reasons) assert.equal(await endOf(self, () => exit(reason)), reason)
  }))

test('P2 an uncaught Exit is the reason, verbatim', () =>
  inProcess(async (self) => {
    const reasons: Reason[] = ['normal', 'kill', { tag: 'why' }]
    for (const reason of reasons) {
      const thrown = await endOf(self, () => {
        throw new Exit(reason)
      })
      assert.equal(thrown, reason)
    }
  }))

test('P3 an uncaught error is data: name, message and stack', () =>
  inProcess(async (self) => {
    const reason = await endOf(self, () => {
      throw new RangeError('too far')
    })
    assert.equal(errorOf(reason), ['error', 'RangeError', 'too far'])
    assert.match(String(typeof reason === 'object' && reason.stack), 'process.test.ts')
  }))

test('P3 an uncaught throw of something else is nocatch', () =>
  inProcess(async (self) => {
    const thrown = (value: unknown): Promise<Reason> =>
      endOf(self, () => {
        throw value
      })
    assert.equal(await thrown('text'), { tag: 'nocatch', value: 'text' })
    assert.equal(await thrown(null), { tag: 'nocatch', value: null })
    assert.equal(await thrown({ an: 'object' }), { tag: 'nocatch', value: '[object Object]' })
  }))

test('P3 a throw before the first await is the reason too', () =>
  inProcess(async (self) => {
    const body = process('throws', () => {
      throw new TypeError('at once')
    })
    const { ref } = spawnMonitor(self, body)
    assert.equal(errorOf((await self.receive(isDown(ref))).reason), [
      'error',
      'TypeError',
      'at once',
    ])
  }))

test('P4 a caught error has no effect', () =>
  inProcess(async (self) => {
    const body = process('catches', async () => {
      try {
        throw new Exit('inner')
      } catch {
        return exit('afterwards')
      }
    })
    const { ref } = spawnMonitor(self, body)
    assert.is((await self.receive(isDown(ref))).reason, 'afterwards')
  }))

test('P5 the name is free and the pid dead when a DOWN is received', () =>
  inProcess(async (self) => {
    for (let round = 0; round < 200; round++) {
      const { pid, ref } = spawnMonitor(self, waits, undefined, { name: 'brief' })
      if (round % 2 === 0) self.send(pid, 'end')
      else self.exit(pid, 'kill')
      await self.receive(isDown(ref))
      assert.is(whereis(self, 'brief'), undefined)
      assert.is(isAlive(self, pid), false)
    }
  }))

test('P5 the mailbox of the dead is discarded', async () => {
  const node = oneNode()
  await node.run(async (self) => {
    const { pid, ref } = spawnMonitor(self, waits)
    for (let n = 0; n < 10; n++) self.send(pid, { n })
    const { process: victim } = found(node, pid)
    assert.is(victim.messageCount, 10)
    self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    self.send(pid, 'late')
    assert.is(victim.messageCount, 0)
    assert.is(messageQueueLength(self, pid), undefined)
  })
})

function found(node: LocalNode, pid: Pid) {
  const here = systemOf(node).lookup(pid)
  if (here.tag !== 'local') throw new Error(`${String(pid)} is ${here.tag}`)
  return here
}

test('P5 all is over in one event: who asks during it finds neither name nor process', () =>
  inProcess(async (self) => {
    const seen: unknown[] = []
    const witness = process('witness', async (own) => {
      own.onExit(() => seen.push(whereis(node, 'brief'), isAlive(node, brief)))
      own.link(brief)
      await own.receive()
    })
    const node = oneNode()
    const brief = spawn(node, waits, undefined, { name: 'brief' })
    spawn(node, witness)
    await self.yield()
    await node.run((own) => own.exit(brief, 'boom'))
    // The link has taken the witness along within that very call.
    assert.equal(seen, [undefined, false])
  }))

test('P6 pids are never used again', () =>
  inProcess(async (self) => {
    const seen = new Set<Pid>()
    const texts = new Set<string>()
    for (let round = 0; round < 500; round++) {
      const { pid, ref } = spawnMonitor(self, waits)
      seen.add(pid)
      texts.add(String(pid))
      self.exit(pid, 'kill')
      await self.receive(isDown(ref))
    }
    assert.is(seen.size, 500)
    assert.is(texts.size, 500)
  }))

test('P6 a pid of an earlier node of the same name is dead', async () => {
  const first = oneNode()
  const second = oneNode()
  const old = spawn(first, waits)
  spawn(second, waits)
  assert.is(isAlive(first, old), true)
  assert.is(isAlive(second, old), false)
  await second.run(async (self) => {
    self.send(old, 'lost')
    const down = await self.receive(isDown(self.monitor(old)))
    assert.is(down.reason, 'noproc')
  })
  assert.is(messageQueueLength(first, old), 0)
})

test('P7 sending to the dead returns the message', () =>
  inProcess(async (self) => {
    const { pid, ref } = spawnMonitor(self, waits)
    self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    const message = { any: 'thing' }
    assert.is(self.send(pid, message), message)
    assert.is(send(pid, message), true)
  }))

test('P7 only a bare unregistered name is refused', () =>
  inProcess((self) => {
    const bare = { tag: 'local', name: 'nobody' } as const
    assert.throws(() => self.send(bare, 'x'), /nobody has the name 'nobody'/)
    assert.is(self.send({ tag: 'at', node: self.node, name: 'nobody' }, 'x'), 'x')
  }))

test('P8 of two exit signals the first wins', () =>
  inProcess(async (self) => {
    const { pid, ref } = spawnMonitor(self, waits)
    self.exit(pid, 'first')
    self.exit(pid, 'second')
    self.exit(pid, 'kill')
    assert.is((await self.receive(isDown(ref))).reason, 'first')
    assert.ok(noMail(self))
  }))

test('P9 a process is not alive after exit with kill', () =>
  inProcess((self) => {
    const pid = spawn(self, waits)
    assert.is(isAlive(self, pid), true)
    self.exit(pid, 'kill')
    assert.is(isAlive(self, pid), false)
    assert.is(processes(self).includes(pid), false)
  }))

test('P9 what is asked of a pid of another node is refused', () => {
  const far = startRuntime({ name: 'far@localhost', quiet: true })
  cleanup(() => far.stop())
  const stranger = spawn(far, waits)
  return inProcess((self) => {
    for (const ask of [isAlive, messageQueueLength]) {
      assert.throws(() => ask(self, stranger), /is of another node/)
      for (const bad of [null, 'pid', self, {}]) {
        assert.throws(() => Reflect.apply(ask, null, [self, bad]), /expected a pid, got/)
      }
    }
  })
})

test('X12 a link to a lost node is broken with noconnection', async () => {
  const far = startRuntime({ name: 'far@localhost', quiet: true })
  cleanup(() => far.stop())
  const stranger = spawn(far, waits)
  await inProcess(async (self) => {
    const calm = process('calm', async (own) => {
      own.link(stranger)
      await own.receive()
    })
    const { ref } = spawnMonitor(self, calm)
    assert.is((await self.receive(isDown(ref))).reason, 'noconnection')
    self.trapExit(true)
    self.link(stranger)
    const { from, reason } = await self.receive(isExit())
    assert.equal([String(from), reason], [String(stranger), 'noconnection'])
  })
  assert.is(isAlive(far, stranger), true, 'nothing reached it: there is no connection')
})

test('M3 a monitor on a process or name of a lost node fires noconnection', async () => {
  const far = startRuntime({ name: 'far@localhost', quiet: true })
  cleanup(() => far.stop())
  const stranger = spawn(far, waits)
  await inProcess(async (self) => {
    const byPid = await self.receive(isDown(self.monitor(stranger)))
    assert.is(byPid.reason, 'noconnection')
    const name = at(
      'far@localhost',
      genServer<Record<never, never>>('x')({ init: () => null }),
      'n',
    )
    const byName = await self.receive(isDown(self.monitor(name)))
    assert.equal([byName.reason, byName.target], ['noconnection', { ...name }])
  })
})

test('X11 a link kills through a chain of thousands without a deep stack', () =>
  inProcess(async (self) => {
    const linkedTo = process('linked', async (own, arg: { to: Pid; boss: Pid }) => {
      own.link(arg.to)
      own.send(arg.boss, 'linked')
      await own.receive()
    })
    const first = spawn(self, waits)
    let last: Pid = first
    for (let n = 0; n < 5_000; n++) {
      last = spawn(self, linkedTo, { to: last, boss: self.pid })
    }
    for (let n = 0; n < 5_000; n++) await self.receive()
    const ref = self.monitor(last)
    self.exit(first, 'collapse')
    assert.is((await self.receive(isDown(ref))).reason, 'collapse')
  }))

test('L6 a child linked at its spawn takes its parent along', async () => {
  const node = oneNode()
  const dies = process('dies', async () => exit('early'))
  const failing = node.run(async (self) => {
    spawnLink(self, dies)
    await self.receive()
  })
  assert.is(await failureOf(failing), 'early')
})

test('G14 a failed call nobody looks at ends its process with the reason', async () => {
  const nobody: LocalName<{ calls: { any: () => null } }> = { tag: 'local', name: 'nobody' }
  const failing = oneNode().run(async (self) => {
    void call(self, nobody, 'any')
    await self.receive()
  })
  assert.is(await failureOf(failing), 'noproc')
})

test('P1 host code hears how its process ended', async () => {
  const node = oneNode()
  assert.is(await node.run(() => 42), 42)
  assert.is(await node.run(async () => 'later'), 'later')
  assert.is(await failureOf(node.run((self) => self.exit(self.pid, 'mine'))), 'mine')
  const thrown = node.run(async () => {
    throw new SyntaxError('bad')
  })
  let caught: unknown
  await thrown.catch((error: unknown) => {
    caught = error
  })
  assert.instance(caught, SyntaxError)
})

test.run()
