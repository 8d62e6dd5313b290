/** The targets by name. */
import { authTarget } from './auth.ts'
import { clusterTarget } from './cluster.ts'
import type { TargetName } from './options.ts'
import type { Target } from './target.ts'
import { wireTarget } from './wire.ts'

const targets: Readonly<Record<TargetName, () => Target | Promise<Target>>> = {
  wire: wireTarget,
  auth: authTarget,
  cluster: clusterTarget,
}

export async function openTarget(name: TargetName): Promise<Target> {
  return targets[name]()
}
