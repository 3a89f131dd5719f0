// The search of a page that was opened from a file, not from a server. There a browser starts no worker, so a hidden
// frame runs the worker's script, and messages go to and fro as they would.
if (location.protocol === 'file:') {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement('iframe');
      this.frame.hidden = true;
      this.frame.srcdoc = '<!doctype html>';
      this.ready = new Promise((ready) => {
        this.frame.addEventListener('load', () => {
          const inside = this.frame.contentWindow;
          inside.postMessage = (data) => this.dispatchEvent(new MessageEvent('message', { data }));
          const script = inside.document.createElement('script');
          script.src = url;
          script.addEventListener('load', () => ready(inside));
          inside.document.head.append(script);
        }, { once: true });
      });
      document.body.append(this.frame);
    }

    postMessage(data) {
      this.ready.then((inside) => inside.dispatchEvent(new MessageEvent('message', { data })));
    }
  };
}
