import { type Caller, everyProject, mayAct, type Role } from './caller.ts'

/**
 * Who may do what: the least role that each call asks for. Of another project's things only admins see anything.
 *
 * The API's own are Cinder's defaults, of which one name here often covers several there. Driver operations and jobs take any
 * volume by its id, whosever it is: to change something by them is for admins.
 *
 * @see cinder/policies/, with the roles of "secure RBAC": a reader reads, a member changes, an admin does the rest
 */
export const policy = {
  'api:discover': 'reader',
  'volume:get': 'reader',
  'volume:create': 'member',
  'volume:update': 'member',
  'volume:delete': 'member',
  'volume:extend': 'member',
  'volume:retype': 'member',
  'volume:revert': 'member',
  'volume:set_bootable': 'member',
  'volume:readonly': 'member',
  'volume:image_metadata': 'member',
  'volume:upload': 'member',
  'volume:upload_public': 'admin',
  'volume:reimage': 'member',
  'volume:attach': 'member',
  'volume:detach': 'member',
  'volume:initialize_connection': 'member',
  'volume:terminate_connection': 'member',
  'volume:force_detach': 'admin',
  'volume:force_delete': 'admin',
  'volume:reset_status': 'admin',
  'volume:migrate': 'admin',
  'volume:unmanage': 'admin',
  'volume:extend_completion': 'admin',
  'snapshot:get': 'reader',
  'snapshot:create': 'member',
  'snapshot:update': 'member',
  'snapshot:delete': 'member',
  'snapshot:status': 'member',
  'snapshot:force_delete': 'admin',
  'snapshot:reset_status': 'admin',
  'snapshot:unmanage': 'admin',
  'attachment:get': 'reader',
  'attachment:create': 'member',
  'attachment:update': 'member',
  'attachment:complete': 'member',
  'attachment:delete': 'member',
  'type:get': 'reader',
  'type:manage': 'admin',
  'quota:get': 'reader',
  'quota:update': 'admin',
  'limits:get': 'reader',
  'zone:get': 'reader',
  'message:get': 'reader',
  'message:delete': 'member',
  'service:get': 'admin',
  'service:update': 'admin',
  'pool:get': 'admin',
  'manage:get': 'admin',
  'manage:take': 'admin',
  'driver:look': 'reader',
  'driver:list': 'reader',
  'driver:change': 'admin',
  'job:get': 'reader',
  'job:submit': 'admin',
  'job:cancel': 'admin',
  'backup:list': 'reader',
  'dead_letter:get': 'reader',
  'dead_letter:redrive': 'admin',
  'record:reconcile': 'admin',
  'host:get': 'reader',
  'stats:get': 'reader',
  'health:get': 'reader',
} as const satisfies Record<string, Role>

export type Rule = keyof typeof policy

/** What these show is of all projects at once: somebody of one project has to be an admin for it. */
const acrossProjects: ReadonlySet<Rule> = new Set<Rule>([
  'driver:list',
  'backup:list',
  'dead_letter:get',
  'host:get',
])

export const permits = (caller: Caller, rule: Rule): boolean =>
  mayAct(caller, policy[rule]) &&
  (!acrossProjects.has(rule) || caller.role === 'admin' || caller.project === everyProject)

/** The project whose things alone a caller sees; undefined: all. */
export const limitedTo = (caller: Caller | undefined): string | undefined =>
  caller === undefined || caller.role === 'admin' || caller.project === everyProject
    ? undefined
    : caller.project

/** The rule for each call beside the API's; an operation that is not named here changes something. */
const ofRoutes: Readonly<Record<string, Rule>> = {
  'POST /driver/check_for_setup_error': 'driver:look',
  'POST /driver/get_volume_stats': 'driver:look',
  'POST /driver/get_pool': 'driver:look',
  'POST /driver/validate_connector': 'driver:look',
  'POST /driver/get_manageable_volumes': 'driver:list',
  'POST /driver/get_manageable_snapshots': 'driver:list',
  'POST /driver/manage_existing_get_size': 'driver:list',
  'POST /driver/manage_existing_snapshot_get_size': 'driver:list',
  'GET /jobs': 'job:get',
  'GET /jobs/{id}': 'job:get',
  'POST /jobs': 'job:submit',
  'POST /jobs/{id}/cancel': 'job:cancel',
  'GET /backups': 'backup:list',
  'GET /dead-letters': 'dead_letter:get',
  'POST /dead-letters/redrive': 'dead_letter:redrive',
  'POST /reconcile': 'record:reconcile',
  'GET /hosts': 'host:get',
  'GET /stats': 'stats:get',
  'GET /health': 'health:get',
}

/** @param route as API Gateway names it: `GET /jobs/{id}`. */
export const ruleOf = (route: string): Rule =>
  Object.hasOwn(ofRoutes, route) ? (ofRoutes[route] ?? 'driver:change') : 'driver:change'
