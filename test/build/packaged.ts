import { copyFile, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, runNode } from './run.ts'

export interface Resource {
  readonly Type: string
  /** Looked into, not typed again. */
  readonly Properties: any
  readonly Condition?: string
}

const succeed = async (ran: ReturnType<typeof runNode>) => {
  const { status, stdout, stderr } = await ran
  if (status !== 0) throw new Error(`ended with ${status}\n${stdout}\n${stderr}`)
}

/** Bundle every function and make the CloudFormation template, in a folder of its own and without a way to AWS. */
export const packageService = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cinderless build '))
  for (const file of ['serverless.yml', 'package.json']) await copyFile(join(root, file), join(folder, file))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))

  await succeed(runNode([join(root, 'build/run.mjs'), 'build/bundle.ts', '--out', join(folder, 'dist')]))
  const nowhere = { HTTPS_PROXY: 'http://127.0.0.1:9', AWS_EC2_METADATA_DISABLED: 'true', HOME: folder }
  const serverless = join(root, 'node_modules/serverless/bin/serverless.js')
  await succeed(runNode([serverless, 'package'], { cwd: folder, env: nowhere }))

  const template = join(folder, '.serverless/cloudformation-template-update-stack.json')
  const { Resources } = JSON.parse(await readFile(template, 'utf8')) as {
    Resources: Record<string, Resource>
  }
  // What has a condition here has one that is never met.
  const made = Object.entries(Resources).filter(([, { Condition }]) => Condition === undefined)
  return {
    folder,
    resources: Object.fromEntries(made),
    ofType: (type: string) => made.filter(([, { Type }]) => Type === type),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

export type Package = Awaited<ReturnType<typeof packageService>>
