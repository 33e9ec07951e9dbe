import * as z from 'zod'
import { DriverError } from '../errors.ts'
import type { Services } from '../storpool/schema/site.ts'
import { servicesList } from '../storpool/services.ts'
import { volumeTemplatesList } from '../storpool/templates.ts'
import type { Backend } from './backend.ts'
import { BackendHost } from './model.ts'

export const CheckForSetupError = z.strictObject({ host: BackendHost })

/**
 * Ask the cluster whether this configuration can work: it answers with our token, it is running with an active
 * management service, the default template is there, and every host with a configured client id is a client it knows.
 *
 * @throws DriverError BackendUnavailable: the cluster is not running. VolumeBackendError: the configuration does
 *   not fit the cluster; the message has every misfit.
 * @see cinder/volume/drivers/storpool.py check_for_setup_error, which asks nobody
 */
export async function checkForSetupError(backend: Backend): Promise<void> {
  const [services, templates, hosts] = await Promise.all([
    servicesList(backend.storpool),
    volumeTemplatesList(backend.storpool),
    backend.hosts.all(),
  ])
  refuseIdle(services)
  const { template } = backend.defaults
  const misfits = [
    ...(template === undefined || templates.some(({ name }) => name === template)
      ? []
      : [`STORPOOL_TEMPLATE names ${template}, which the cluster does not have`]),
    ...hosts
      .filter(({ clientId }) => clientId !== undefined && services.clients[String(clientId)] === undefined)
      .map(({ name, clientId }) => `host ${name} is client ${clientId}, which the cluster does not know`),
  ]
  if (misfits.length > 0) {
    throw new DriverError('VolumeBackendError', misfits.join('; '), {
      remedy: "Correct the settings, or the cluster's configuration.",
    })
  }
}

const refuseIdle = ({ clusterStatus, mgmt }: Services): void => {
  const active = Object.values(mgmt).some((service) => service.active ?? service.status === 'running')
  if (clusterStatus === 'running' && active) return
  throw new DriverError(
    'BackendUnavailable',
    `the StorPool cluster is ${clusterStatus}${active ? '' : ' and has no active management service'}`,
    { remedy: 'Bring the cluster up, then repeat.' },
  )
}
