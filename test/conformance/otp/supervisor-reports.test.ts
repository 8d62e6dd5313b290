/**
 * What a supervisor reports of a child that ended by itself (rule Z3): always of one that is
 * permanent, of the others unless the end was orderly; as OTP's `child_terminated`.
 */
import type { Reason } from '../../../runtime/index.ts'
import { call, child } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { oneNode } from './one-node.ts'
import { endChild, grow, pidOf, treeOf, workers } from './tree.ts'

const test = suite('otp: supervisor reports')

const reasons: readonly (readonly [string, Reason, Reason])[] = [
  ['normal', 'normal', 'normal'],
  ['shutdown', 'shutdown', 'shutdown'],
  ['shutdown_detail', { tag: 'shutdown', detail: 1 }, { tag: 'shutdown', detail: 1 }],
  ['abnormal', { tag: 'broken' }, { tag: 'broken' }],
  ['killed', 'kill', 'killed'],
]

for (const restart of ['permanent', 'transient', 'temporary'] as const) {
  for (const [name, way, reason] of reasons) {
    const told = restart === 'permanent' || name === 'abnormal' || name === 'killed'
    test(`Z3 ${restart}_${name}: ${told ? 'childTerminated' : 'nothing'}`, async () => {
      const { module } = workers()
      const tree = treeOf({ children: [child(module, 'a', { id: 'a', restart })] })
      const node = oneNode([module, tree])
      const reports: unknown[] = []
      node.observe((event) => {
        if (event.tag === 'log' && event.message === 'supervisor: childTerminated') {
          reports.push([event.level, event.fields])
        }
      })
      await node.run(async (self) => {
        const ref = await grow(self, tree)
        const pid = await pidOf(self, ref, 'a')
        await endChild(self, pid, way)
        await call(self, ref, 'countChildren')
        const fields = { supervisor: ref, child: 'a', module: 'worker', pid, reason }
        assert.equal(reports, told ? [['error', fields]] : [])
      })
    })
  }
}

test.run()
