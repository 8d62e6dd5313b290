/** The targets by name. */
import { authTarget } from './auth.ts'
import type { TargetName } from './options.ts'
import type { Target } from './target.ts'
import { wireTarget } from './wire.ts'

export async function openTarget(name: TargetName): Promise<Target> {
  return name === 'wire' ? wireTarget() : authTarget()
}
