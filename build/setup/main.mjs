import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installPackages, whyPackagesNeedWork } from './packages.mjs'
import { linkRuntime, whyNoRuntime } from './runtime.mjs'
import { installTools, missingTools } from './tools.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/**
 * Install what is missing and nothing else: Node packages, among them the Node that runs the system, and the system
 * tools that the agent calls.
 *
 * @returns {number} the exit code: 0 when what is there can run. Tools that are still missing are told, and only
 *   fail the jobs that need them.
 */
export const setUp = () => {
  const reason = whyPackagesNeedWork(root)
  const missing = missingTools()

  if (reason !== undefined && !installPackages(root, reason)) return 1
  linkRuntime(root)
  const noRuntime = whyNoRuntime(root, { fresh: reason !== undefined })
  if (noRuntime !== undefined) {
    console.error(noRuntime)
    return 1
  }
  const complete = missing.length === 0 || installTools(missing)
  if (complete) console.log(reason === undefined && missing.length === 0 ? 'All is set up.' : 'Set up.')
  return 0
}
