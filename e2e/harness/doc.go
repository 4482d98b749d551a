// Package harness runs docker bmo, and looks at what it does, as a user would: with the docker command, on the engine
// that docker itself would use.
//
// A package of end-to-end tests calls Main from TestMain, and its tests make applications (NewDemo, NewMini, NewApp) and
// run commands on them (App.Build, App.Run, App.Do, and BMO for those that have no stack). What a test makes is removed
// when it ends. A package whose tests share nothing calls UsePlugin in each test instead.
//
// For what an engine does not do on request there are a Proxy, which sees and changes what the engine is asked and what
// it answers, and a Machine, from which nothing but the engine's API can be reached.
package harness
