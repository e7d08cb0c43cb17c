/** Is it an error of JetStream's API with this `err_code` (errors.json of the server's source)? */
export function isApiError(error: unknown, code: number): boolean {
  return (error as { api_error?: { err_code?: number } }).api_error?.err_code === code;
}
