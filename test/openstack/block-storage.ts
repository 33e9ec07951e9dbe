import { inject } from 'vitest'
import { startProcess } from '../support/system.ts'

/** `npm start` that asks Keystone who calls, where the catalog says that Block Storage is. @param state its folder */
export const startWithKeystone = (state: string) => {
  const { keystoneUrl, password, region, blockStoragePort } = inject('openstack')
  return startProcess(state, ['--port', String(blockStoragePort)], {
    CINDERLESS_AUTH: 'keystone',
    OS_AUTH_URL: keystoneUrl,
    OS_USERNAME: 'block',
    OS_PASSWORD: password,
    OS_PROJECT_NAME: 'service',
    OS_USER_DOMAIN_ID: 'default',
    OS_PROJECT_DOMAIN_ID: 'default',
    OS_REGION_NAME: region,
  })
}
