/**
 * No mutable state at module level in product code: two nodes in one process would share it, and
 * two runs of one seed in one process would differ. Module level includes static class members.
 * A constant table is allowed when its declared type says that nobody changes it, and so is a `let`
 * that only the static block of a class assigns: the one way to lend out a private member, done
 * once while the file is loaded.
 */
import type {
  Expression,
  Node,
  SourceFile,
  TypeNode,
  VariableDeclaration,
} from 'typescript/unstable/ast'
import { NodeFlags, SyntaxKind } from 'typescript/unstable/ast'
import {
  isArrayLiteralExpression,
  isBinaryExpression,
  isClassDeclaration,
  isClassStaticBlockDeclaration,
  isIdentifier,
  isNewExpression,
  isObjectLiteralExpression,
  isPropertyDeclaration,
  isVariableStatement,
} from 'typescript/unstable/ast/is'
import { isProduct, type Repo, type Violation, violationAt } from './source.ts'

const collections: readonly string[] = ['Map', 'Set', 'WeakMap', 'WeakSet', 'Array']
const fixedType = /^(readonly\b|Readonly|ReadonlyArray|ReadonlyMap|ReadonlySet)/

export function moduleStateRule(repo: Repo): Violation[] {
  const found: Violation[] = []
  for (const [path, tree] of repo.trees) {
    if (!isProduct(path)) continue
    const report = (node: Node, what: string): void => {
      const instead = 'keep it in an object the node owns, or type it as readonly'
      found.push(violationAt(tree, path, node, `${what}: ${instead}`))
    }
    for (const statement of tree.statements) {
      if (isVariableStatement(statement)) {
        const fixed = (statement.declarationList.flags & NodeFlags.Const) !== 0
        for (const declaration of statement.declarationList.declarations) {
          const what = mutable(tree, declaration, fixed)
          if (what !== undefined) report(declaration, what)
        }
      } else if (isClassDeclaration(statement)) {
        for (const member of statement.members) {
          if (isPropertyDeclaration(member) && isMutableStatic(member)) {
            report(member, 'a static member that can change')
          }
        }
      }
    }
  }
  return found
}

function mutable(
  tree: SourceFile,
  declaration: VariableDeclaration,
  fixed: boolean,
): string | undefined {
  const name = isIdentifier(declaration.name) ? declaration.name.text : '(pattern)'
  const { initializer, type } = declaration
  if (!fixed) {
    const lent = initializer === undefined && isAssignedByStaticBlocks(tree, name)
    return lent ? undefined : `${name} can be assigned again`
  }
  if (initializer === undefined || isFixed(type)) return undefined
  return isCollection(initializer) ? `${name} is a collection that can change` : undefined
}

function isAssignedByStaticBlocks(tree: SourceFile, name: string): boolean {
  let assignments = 0
  let outside = 0
  const visit = (node: Node, inStaticBlock: boolean): void => {
    if (isBinaryExpression(node) && isIdentifier(node.left) && node.left.text === name) {
      const { kind } = node.operatorToken
      const assigns = kind >= SyntaxKind.FirstAssignment && kind <= SyntaxKind.LastAssignment
      if (assigns) assignments += 1
      if (assigns && !inStaticBlock) outside += 1
    }
    const within = inStaticBlock || isClassStaticBlockDeclaration(node)
    node.forEachChild((child) => visit(child, within))
  }
  visit(tree, false)
  return assignments > 0 && outside === 0
}

function isMutableStatic(member: Node & { readonly type?: TypeNode }): boolean {
  const modifiers = 'modifiers' in member && Array.isArray(member.modifiers) ? member.modifiers : []
  const kinds = modifiers.map((modifier: Node) => modifier.kind)
  return kinds.includes(SyntaxKind.StaticKeyword) && !kinds.includes(SyntaxKind.ReadonlyKeyword)
}

function isFixed(type: TypeNode | undefined): boolean {
  return type !== undefined && fixedType.test(type.getText())
}

/** `as const` makes the outer node an assertion, so a constant literal is not matched here. */
function isCollection(value: Expression): boolean {
  if (isArrayLiteralExpression(value)) return true
  if (isObjectLiteralExpression(value)) return value.properties.length === 0
  return (
    isNewExpression(value) &&
    isIdentifier(value.expression) &&
    collections.includes(value.expression.text)
  )
}
