/** The contract between `sys` and a loop: one of a few lines joins in, and is inspected as any. */
import { isDown, type Reason, type Ref, startRuntime } from '../../../../runtime/index.ts'
import {
  Module,
  type Process,
  type Receiver,
  selfOf,
  terminate,
} from '../../../../runtime/kernel.ts'
import { start, sys } from '../../../../stdlib/index.ts'
import type { Debug } from '../../../../stdlib/sys/debug.ts'
import { incoming } from '../../../../stdlib/sys/event.ts'
import { isSystem, type SysHost, serveSystem } from '../../../../stdlib/sys/serve.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'

const test = suite('stdlib: sys contract')

/** Counts the messages it gets. */
class Loop implements Receiver, SysHost {
  readonly process: Process
  readonly parent = null
  debug: Debug | null = null
  state: unknown = 0
  wentOn = 0

  constructor(process: Process) {
    this.process = process
    process.receiver = this
  }

  receive(message: unknown): void {
    if (isSystem(message)) serveSystem(this, message)
    else {
      this.debug?.tell(incoming(message, this.state))
      this.state = Number(this.state) + 1
    }
  }

  format(): unknown {
    return `formatted ${this.state}`
  }

  stop(reason: Reason): void {
    terminate(this.process, reason)
  }

  goOn(): void {
    this.wentOn++
  }
}

test('a loop is inspected, suspended, watched and ended', async () => {
  const loops: Loop[] = []
  const counting = new Module<unknown, void>('counting', (process, _arg, started) => {
    loops.push(new Loop(process))
    started({ tag: 'ok', pid: selfOf(process).pid })
  })
  const node = startRuntime({ quiet: true })
  cleanup(() => node.stop())
  await node.run(async (self) => {
    const started = await start(self, counting)
    assert.ok(started.tag === 'ok')
    const pid: Ref<unknown> = started.pid
    const ref = self.monitor(pid)
    self.send(pid, 'one')
    assert.is(await sys.getState(self, pid), 1)
    await sys.suspend(self, pid)
    self.send(pid, 'two')
    const { status, state, queued } = await sys.getStatus(self, pid)
    assert.equal([status, state, queued], ['suspended', 'formatted 1', 1])
    assert.is(await sys.replaceState(self, pid, (count: number) => count + 10), 11)
    await sys.resume(self, pid)
    await sys.log(self, pid, 5)
    self.send(pid, 'three')
    const message = { tag: 'info', message: 'three' }
    assert.equal(await sys.getLog(self, pid), [{ tag: 'in', message, state: 12 }])
    await sys.log(self, pid, 0)
    assert.equal([loops[0]?.debug, loops[0]?.state], [null, 13])
    assert.ok((loops[0]?.wentOn ?? 0) > 0)
    await sys.terminate(self, pid, 'enough')
    assert.is((await self.receive(isDown(ref))).reason, 'enough')
  })
})

test.run()
