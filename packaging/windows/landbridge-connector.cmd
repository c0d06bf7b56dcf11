@echo off
rem Runs from wherever the folder is. Options that were set for other programs are not for this one.
setlocal
set "NODE_OPTIONS="
if not defined LANDBRIDGE_HOME set "LANDBRIDGE_HOME=%ProgramData%\Landbridge\Connector"
"%~dp0bin\node.exe" --disable-warning=ExperimentalWarning "%~dp0lib\main.js" %*
exit /b %ERRORLEVEL%
