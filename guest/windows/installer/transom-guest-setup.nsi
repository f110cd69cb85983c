; transom-guest-setup.exe: the agent as a service in a Windows guest. NSIS 3, x86-64.
;
;   /S               silent: asks nothing, shows nothing
;   /DRIVER=FOLDER   installs the IVSHMEM driver from there first (pnputil)
;   /D=FOLDER        installs elsewhere than C:\Program Files\Transom; must be last
;
; Exit status: 0 installed, 1 cancelled, 2 failed. A missing driver is said, and is no failure: the agent waits for it.
Unicode true
Target amd64-unicode
SetCompressor /SOLID lzma
RequestExecutionLevel admin
ManifestSupportedOS all

!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh

!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Transom"
!define AGENT "$INSTDIR\transom-agent.exe"

Name "Transom guest agent"
OutFile "${OUTPUT}"
InstallDir "$PROGRAMFILES64\Transom"
InstallDirRegKey HKLM "${UNINSTALL_KEY}" "InstallLocation"
BrandingText "Transom ${VERSION}"
VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "Transom guest agent"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "Installer of the Transom guest agent"
VIAddVersionKey LegalCopyright "The Transom maintainers; MIT licence"
ShowInstDetails show
ShowUninstDetails show

!insertmacro MUI_PAGE_LICENSE "${LICENSE}"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE English

Var Driver

; The text of an exit that is no success, in the details and, unless silent, in a box.
!macro Fail text
  DetailPrint "${text}"
  MessageBox MB_OK|MB_ICONSTOP "${text}" /SD IDOK
  SetErrorLevel 2
  Abort
!macroend

Function .onInit
  SetRegView 64
  ${GetParameters} $0
  ${GetOptions} $0 "/DRIVER=" $Driver
FunctionEnd

Function InstallDriver
  DetailPrint "IVSHMEM driver from $Driver"
  IfFileExists "$Driver\*.inf" +2
    !insertmacro Fail "There is no .inf file in $Driver."
  nsExec::ExecToLog '"$SYSDIR\pnputil.exe" /add-driver "$Driver\*.inf" /install'
  Pop $0
  ; 259: nothing to do; 3010: works after a restart
  ${If} $0 != 0
  ${AndIf} $0 != 259
  ${AndIf} $0 != 3010
    !insertmacro Fail "The driver in $Driver was not installed: pnputil ended with $0."
  ${EndIf}
FunctionEnd

; The agent says how the driver is, and where one is to be had; who has it at hand may name its folder.
Function CheckDriver
  nsExec::ExecToLog '"${AGENT}" driver'
  Pop $0
  ${If} $0 == 1
    MessageBox MB_YESNO|MB_ICONQUESTION "The IVSHMEM device has no driver yet (the details say where to get it). Do you have a folder with ivshmem.inf?" /SD IDNO IDNO done
    nsDialogs::SelectFolderDialog "Folder with ivshmem.inf" ""
    Pop $Driver
    ${If} $Driver != error
      Call InstallDriver
    ${EndIf}
  ${EndIf}
done:
FunctionEnd

Section
  SetShellVarContext all
  ; an older version's service holds its files; its settings stay
  ${If} ${FileExists} "${AGENT}"
    nsExec::ExecToLog '"${AGENT}" uninstall --keep-data'
    Pop $0
    ${If} $0 != 0
      !insertmacro Fail "The service that is installed cannot be stopped ($0)."
    ${EndIf}
  ${EndIf}
  SetOutPath "$INSTDIR"
  File "${AGENT_FILE}"
  File "/oname=README.txt" "${README}"
  File "/oname=LICENSE.txt" "${LICENSE}"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKLM "${UNINSTALL_KEY}" "DisplayName" "Transom guest agent"
  WriteRegStr HKLM "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKLM "${UNINSTALL_KEY}" "Publisher" "The Transom maintainers"
  WriteRegStr HKLM "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKLM "${UNINSTALL_KEY}" "DisplayIcon" "${AGENT}"
  WriteRegStr HKLM "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKLM "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKLM "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD HKLM "${UNINSTALL_KEY}" "NoRepair" 1
  ${If} $Driver != ""
    Call InstallDriver
  ${EndIf}
  nsExec::ExecToLog '"${AGENT}" install'
  Pop $0
  ${If} $0 != 0
    !insertmacro Fail "The service was not installed ($0); the details say why."
  ${EndIf}
  Call CheckDriver
SectionEnd

Function un.onInit
  SetRegView 64
FunctionEnd

Section Uninstall
  nsExec::ExecToLog '"${AGENT}" uninstall'
  Pop $0
  ${If} $0 != 0
    !insertmacro Fail "The service was not removed ($0); the details say why."
  ${EndIf}
  Delete "${AGENT}"
  Delete "$INSTDIR\README.txt"
  Delete "$INSTDIR\LICENSE.txt"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  DeleteRegKey HKLM "${UNINSTALL_KEY}"
SectionEnd
