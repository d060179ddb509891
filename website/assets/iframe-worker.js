// A page that is opened from a folder may start no worker: the search's runs in a hidden frame instead.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(url) {
      this.waiting = [];
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.srcdoc = "<!doctype html><title>search</title>";
      this.frame.onload = () => this.fill(String(url));
      document.body.append(this.frame);
    }

    fill(url) {
      const inside = this.frame.contentWindow;
      inside.postMessage = (data) => setTimeout(() => this.onmessage?.({ data }));
      const script = inside.document.createElement("script");
      script.src = url;
      script.onerror = (event) => this.onerror?.(event);
      script.onload = () => {
        this.send = (data) => inside.onmessage({ data });
        this.waiting.forEach(this.send);
      };
      inside.document.body.append(script);
    }

    postMessage(data) {
      if (this.send) setTimeout(() => this.send(data));
      else this.waiting.push(data);
    }

    terminate() {
      this.frame.remove();
    }
  };
}
