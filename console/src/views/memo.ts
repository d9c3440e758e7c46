import { Component, type ComponentChild, type FunctionComponent, h } from "preact";

/** Renders again only when a property is another one: long transcripts and call lists rest on it. */
export function memo<P extends object>(view: FunctionComponent<P>): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const [mine, others] = [Object.entries(this.props), Object.entries(next)];
      return mine.length !== others.length || others.some(([key, value]) => this.props[key as keyof P] !== value);
    }
    override render(): ComponentChild {
      return h(view, this.props as P);
    }
  }
  return Memo as unknown as FunctionComponent<P>;
}
