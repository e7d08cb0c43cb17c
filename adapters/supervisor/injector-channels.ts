/** Where loops get their channels to the injector from: a child of this process, or the keeper's. */
export interface InjectorChannels {
  /** A loop's end of a new channel; undefined while there is no injector: then it is told when there is. */
  openChannel(): Promise<number | undefined>;
}
