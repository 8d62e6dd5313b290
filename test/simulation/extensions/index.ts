/** Every extension of a run. */
import type { MakeExtension } from '../extension.ts'
import { cluster } from './cluster.ts'
import { ledger } from './ledger.ts'

export const allExtensions: readonly MakeExtension[] = [ledger, cluster]
