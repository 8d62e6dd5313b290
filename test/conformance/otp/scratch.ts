import { process, type Self } from '../../../runtime/index.ts'
type N = { readonly n: number }
const isEven = (m: unknown): m is N => m !== null
export const a = process('x', function* (self, count: number) {
  const m = yield* self.take(isEven)
  const k: string = m
  return k + count
})
export function* g(self: Self) {
  const m = yield* self.take(isEven)
  const k: string = m
  return k
}
