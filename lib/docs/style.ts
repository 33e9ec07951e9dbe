/** Of the page of docs: for wide and narrow windows, light and dark. */
export const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 small { font-weight: normal; opacity: .6; }
h2 { margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1rem 0 .2rem; }
a { color: light-dark(#0b5cad, #7ab8f5); }
nav { display: flex; flex-wrap: wrap; gap: .1rem 1rem; }
details { border: 1px solid #8884; border-radius: 6px; margin: .3rem 0; }
details > div { scroll-margin-top: 2.5rem; padding: 0 .8rem .8rem; border-top: 1px solid #8884; }
summary { cursor: pointer; padding: .3rem .7rem; display: flex; flex-wrap: wrap; gap: 0 .7rem; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary:hover { background: #8881; }
summary span { opacity: .75; }
code { font-size: .92em; }
b.method { flex: none; width: 4.2rem; }
b.get { color: light-dark(#187a50, #4fc98f); } b.post { color: light-dark(#1f6fb2, #6cb4ee); }
b.put { color: light-dark(#8a6100, #e0b04a); } b.delete { color: light-dark(#b53030, #f08080); }
ul { list-style: none; margin: 0; padding-left: 0; }
li > b { display: inline-block; margin-top: .5rem; }
ul ul { padding-left: 1rem; border-left: 1px solid #8884; margin: .1rem 0 .3rem .2rem; }
li { padding: .05rem 0; }
i { font-style: normal; opacity: .75; }
em { font-style: normal; font-weight: normal; font-size: .9em; opacity: .7; margin-left: .4rem; }
li > code, li > b { margin-right: .1rem; }
@media (max-width: 40rem) { body { padding: .7rem; } b.method { width: auto; } ul ul { padding-left: .6rem; } }`
