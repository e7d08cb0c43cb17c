/** The module that loops load the handlers from. */
export const handlersModule = new URL('./handlers/registry.js', import.meta.url);
