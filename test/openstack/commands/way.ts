import { inject, vi } from 'vitest'
import type { SystemProcess } from '../../support/system.ts'
import { asUser } from '../as-user.ts'
import type { Clients } from '../clients.ts'

/** A way for clients to reach Block Storage, in one project. */
export interface Way {
  /** With its version: `http://127.0.0.1:8776/v3`. */
  readonly url: string
  /** The project's id. */
  readonly project: string
  /** An administrator's, in this project. */
  token(): Promise<string>
  argsOf(program: string): readonly string[]
  envOf(isAdmin: boolean): Readonly<Record<string, string>>
}

/** Where the simulated StorPool behind a system is, as that says when it starts. */
export const simulatorOf = (system: SystemProcess): Promise<string> =>
  vi.waitFor(() => {
    const [, url] = system.said.join('\n').match(/simulated StorPool (http:\/\/[\d.]+:\d+)/) ?? []
    if (url === undefined) throw new Error('The system has not said where its cluster is')
    return url
  }, 20_000)

/** @param name of a project and of its member, made by the set-up. */
export const withKeystone = async (url: string, name: string, clients: Clients): Promise<Way> => {
  const { keystoneUrl, password, projects, region, env } = inject('openstack')
  const envAs = (user: string, of: string) => ({
    ...env,
    OS_AUTH_TYPE: 'password',
    OS_AUTH_URL: keystoneUrl,
    OS_IDENTITY_API_VERSION: '3',
    OS_USERNAME: user,
    OS_PASSWORD: password,
    OS_PROJECT_NAME: of,
    OS_USER_DOMAIN_ID: 'default',
    OS_PROJECT_DOMAIN_ID: 'default',
    OS_REGION_NAME: region,
  })
  // Also the administrator's commands name volumes of this project.
  const grant = ['role', 'add', '--project', name, '--user', 'admin', 'admin']
  const { status, err } = await clients.run('openstack', grant, envAs('admin', 'admin'))
  if (status !== 0) throw new Error(`The administrator got no role in ${name}: ${err}`)
  return {
    url: `${url}/v3`,
    project: projects[name] ?? '',
    token: () => asUser('admin', name).token(),
    argsOf: () => [],
    envOf: (isAdmin) => envAs(isAdmin ? 'admin' : name, name),
  }
}

/** @param project a project's id: nobody has to have made it. */
export const withoutKeystone = async (url: string, project: string): Promise<Way> => ({
  url: `${url}/v3`,
  project,
  token: async () => `somebody:${project}`,
  argsOf: (program) =>
    program === 'openstack'
      ? ['--os-auth-type', 'none', '--os-endpoint', `${url}/v3/${project}`]
      : [
          ...['--os-auth-type', 'noauth', '--os-endpoint', `${url}/v3`],
          ...['--os-user-id', 'somebody', '--os-project-id', project],
        ],
  envOf: () => inject('openstack').env,
})
