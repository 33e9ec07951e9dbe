import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { packagedFunctions } from '../../build/functions.ts'
import { root, runNode } from './run.ts'

export interface Resource {
  readonly Type: string
  /** Looked into, not typed again. */
  readonly Properties: any
  readonly Condition?: string
  readonly DeletionPolicy?: string
  readonly UpdateReplacePolicy?: string
}

interface Template {
  readonly Resources: Record<string, Resource>
  readonly Outputs: Record<string, { readonly Value: unknown }>
}

export interface PackageOptions {
  /** The settings of a deployment: nothing else is in the environment. */
  readonly env?: Record<string, string>
  /** Bundle every function; without it their zips are empty. */
  readonly bundle?: boolean
}

/** A folder in which `serverless package` finds what it reads, without a way to AWS. */
const aService = async ({ env = {}, bundle = false }: PackageOptions) => {
  const folder = await mkdtemp(join(tmpdir(), 'cinderless build '))
  for (const file of ['serverless.yml', 'package.json', 'build/deployment.cjs']) {
    await cp(join(root, file), join(folder, file))
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  const ran = bundle
    ? await runNode([join(root, 'build/run.mjs'), 'build/bundle.ts', '--out', join(folder, 'dist')])
    : undefined
  if (ran === undefined) {
    for (const { artifact } of await packagedFunctions(root)) {
      await mkdir(dirname(join(folder, artifact)), { recursive: true })
      await writeFile(join(folder, artifact), '')
    }
  } else if (ran.status !== 0) throw new Error(ran.stdout + ran.stderr)

  const nowhere = { HTTPS_PROXY: 'http://127.0.0.1:9', AWS_EC2_METADATA_DISABLED: 'true', HOME: folder }
  const serverless = join(root, 'node_modules/serverless/bin/serverless.js')
  return {
    folder,
    packaging: await runNode([serverless, 'package'], { cwd: folder, env: { ...nowhere, ...env } }),
  }
}

/** Make the CloudFormation template, in a folder of its own. @throws Error with what was said. */
export const packageService = async (options: PackageOptions = {}) => {
  const { folder, packaging } = await aService(options)
  const dispose = () => rm(folder, { recursive: true, force: true })
  if (packaging.status !== 0) {
    await dispose()
    throw new Error(packaging.stdout + packaging.stderr)
  }
  const text = await readFile(join(folder, '.serverless/cloudformation-template-update-stack.json'), 'utf8')
  const { Resources, Outputs }: Template = JSON.parse(text)
  // What has a condition here has one that is never met.
  const made = Object.entries(Resources).filter(([, { Condition }]) => Condition === undefined)
  return {
    folder,
    text,
    outputs: Outputs,
    resources: Object.fromEntries(made),
    ofType: (type: string) => made.filter(([, { Type }]) => Type === type),
    [Symbol.asyncDispose]: dispose,
  }
}

export type Package = Awaited<ReturnType<typeof packageService>>
