/** In place of what JSON calls never reach: form data, and axios's way to send with XMLHttpRequest. */
export default null
